#!/bin/bash
# headers.sh CC CXX INCLUDE COMPAT CONSUMER: every header of the SDK compiles alone and without a warning: the C ones as C11, C17, C23
# and C++20; the C++ ones as C++20. All together as C++23, too, in the plugins in CONSUMER, which use them. No struct has a hole in it, and the golden lists of all released
# minor versions hold in each language. Ends with 77, which ctest shows as skipped, if the compiler is not there.
set -eu
cc=$1 cxx=$2 include=$3 compat=$4 consumer=$5
for compiler in "$cc" "$cxx"; do
  command -v "$compiler" >/dev/null ||
    { echo "skipped: there is no $compiler; hint: scripts/install-packages --for test"; exit 77; }
done
both=(-Wall -Wextra -Wpedantic -Wconversion -Wsign-conversion -Wshadow -Wcast-qual -Wcast-align -Wundef -Wdouble-promotion
  -Wformat=2 -Wswitch-enum -Wunused -Werror -fsyntax-only "-I$include")
c=("${both[@]}" -Wstrict-prototypes -Wmissing-prototypes -Wold-style-definition)
cpp=("${both[@]}" -Wold-style-cast -Wnon-virtual-dtor -Woverloaded-virtual -Wzero-as-null-pointer-constant -Wextra-semi)
case $("$cc" --version) in
  *clang*) both+=(-Wdocumentation) ;;
  *) c+=(-Wjump-misses-init) cpp+=(-Wuseless-cast -Wduplicated-cond -Wlogical-op -Wsuggest-override) ;;
esac

checked=0
as_c() {  # STANDARD FILE [OPTION...]
  "$cc" -x c "-std=$1" "${c[@]}" "${@:3}" "$2" || { echo "FAILED: $cc -std=$1 $2"; exit 1; }
  checked=$((checked + 1))
}
as_cpp() {
  "$cxx" -x c++ "-std=$1" "${cpp[@]}" "${@:3}" "$2" || { echo "FAILED: $cxx -std=$1 $2"; exit 1; }
  checked=$((checked + 1))
}
work=$(mktemp -d "${TMPDIR:-/tmp}/lshost-headers-XXXXXX")
trap 'rm -rf "$work"' EXIT
while read -r header; do
  printf '#include <%s>\nextern int not_empty;\n' "$header" >"$work/alone"
  case $header in
    *.h) for standard in c11 c17 c2x; do as_c $standard "$work/alone"; done ;;
  esac
  as_cpp c++20 "$work/alone"
done < <(cd "$include" && find lshost -name '*.h' -o -name '*.hpp' | sort)
[ "$checked" -gt 45 ] || { echo "FAILED: only $checked compilations"; exit 1; }

for source in "$consumer"/*/*.c; do
  for standard in c11 c17 c2x; do as_c $standard "$source"; done
done
for source in "$consumer"/*/*.cpp; do
  for standard in c++20 c++23; do as_cpp $standard "$source"; done
done

# The sources of golden lists are made of NULL and of casts; what they say is what counts.
for layout in "$compat"/*/layout.c; do
  as_c c11 "$layout" -Wpadded
  as_c c17 "$layout" -Wpadded
  as_cpp c++20 "$layout" -Wpadded
  as_cpp c++23 "$layout" -Wpadded
done
printf '#include <lshost/plugin.h>\n' >"$work/padded"
as_c c11 "$work/padded" -Wpadded
echo "$checked compilations by $cc and $cxx"
