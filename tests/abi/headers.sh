#!/bin/bash
# headers.sh INCLUDE LAYOUT: every header of the SDK compiles alone and without a warning: the C ones as C11, C17 and C++20,
# the C++ ones as C++20, with each compiler that is there. The frozen layout holds in each.
set -eu
include=$1 layout=$2
flags=(-Wall -Wextra -Wpedantic -Werror -fsyntax-only "-I$include")
compilers=()
for pair in gcc:g++ clang-19:clang++-19; do
  if command -v "${pair%:*}" >/dev/null && command -v "${pair#*:}" >/dev/null; then compilers+=("$pair"); fi
done
[ ${#compilers[@]} -gt 0 ] || { echo "no compiler found"; exit 1; }

checked=0
check() {  # COMPILER LANGUAGE STANDARD, source on standard input
  "$1" -x "$2" -std="$3" "${flags[@]}" - || { echo "failed: $1 -std=$3 $4"; exit 1; }
  checked=$((checked + 1))
}
for pair in "${compilers[@]}"; do
  while read -r header; do
    source=$(printf '#include <%s>\nextern int not_empty;\n' "$header")
    case $header in
      *.h)
        check "${pair%:*}" c c11 "$header" <<<"$source"
        check "${pair%:*}" c c17 "$header" <<<"$source" ;;
    esac
    check "${pair#*:}" c++ c++20 "$header" <<<"$source"
  done < <(cd "$include" && find lshost -name '*.h' -o -name '*.hpp' | sort)
  check "${pair%:*}" c c11 "$layout" <"$layout"
  check "${pair#*:}" c++ c++20 "$layout" <"$layout"
done
echo "$checked compilations"
