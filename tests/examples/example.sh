#!/bin/bash
# example.sh PREFIX SOURCE LAYER LANGUAGE COMPILER...: with nothing but the lshost that is installed in PREFIX, `lshost plugin
# new` writes a project, its one command builds it and passes its test, and `lshost plugin list` finds it installed. With the
# example's own name the project is the example in SOURCE. 77: a compiler is missing.
set -euo pipefail
prefix=$1 source=$2 layer=$3 language=$4
shift 4
for compiler in "$@"; do
  command -v "$compiler" >/dev/null || { echo "skipped: no $compiler"; exit 77; }
done
work=$(mktemp -d "${TMPDIR:-/tmp}/lshost-example-XXXXXX")
trap 'rm -rf "$work"' EXIT
umask 022
cd "$work"
fail() { echo "FAILED: $1"; if [ -e log ]; then tail -n 100 log; fi; exit 1; }
unset LSHOST_PLUGIN_PATH LSHOST CMAKE_PREFIX_PATH
export PATH="$prefix/bin:$PATH"

lshost plugin new shelf --layer "$layer" --lang "$language" >answer || fail "lshost plugin new shelf"
shared="any cmake ${language/c++/cpp}"
mkdir example
for part in ${shared/cmake rust/rust}; do cp -r "$source/common/$part/." example; done
cp -r "$source/$layer-${language/c++/cpp}/." example
diff -r example lshost-shelf >log || fail "what is written is not the example"

refused() { # WHAT IT SAYS, ARGUMENTS...: exit code 2, and nothing is made
  local says=$1 status=0
  shift
  lshost plugin new "$@" >log 2>&1 || status=$?
  [ "$status" -eq 2 ] || fail "'plugin new $*' ends with $status"
  grep -q -- "$says" log || fail "'plugin new $*' does not say '$says'"
  [ ! -e refused ] && [ ! -e lshost-Nas ] || fail "'plugin new $*' makes something"
}
refused "lshost-shelf exists" shelf --layer "$layer" --lang "$language"
diff -r example lshost-shelf >log || fail "a folder that was there is changed"
refused "can not be the name" Nas
refused "of type 'file' already" file --output refused
refused "replicator" nas --layer loop --output refused
refused "rust" nas --lang go --output refused

lshost plugin new nas-2 --layer "$layer" --lang "$language" --output project >answer || fail "lshost plugin new nas-2"
command=$(sed -n 's/^    cd project && //p' answer)
[ -n "$command" ] || fail "it names no command"
cd project
# A warning in an example is a mistake.
export CFLAGS="-Wall -Wextra -Wpedantic -Wconversion -Werror" RUSTFLAGS="-D warnings"
export CXXFLAGS="$CFLAGS -Wshadow -Wold-style-cast -Wnon-virtual-dtor"
$command >../log 2>&1 || { cd ..; fail "$command"; }
install=$(sed -n 's/^`\([^`]*\)` puts it to where lshost looks.*/\1/p' README.md)
[ -n "$install" ] || fail "the README does not say how it is installed"
case $install in
  cmake*) $install --prefix "$work/installed" >../log ;;
  make*) $install PREFIX="$prefix" DESTDIR="$work/staged" >../log; mv "$work/staged$prefix" "$work/installed" ;;
esac
cd ..
LSHOST_PLUGIN_PATH=$work/installed/lib/lshost/plugins lshost plugin list >answer
grep -q "^nas-2  *lshost-nas-2  *1.0.0  *$work/installed/lib/lshost/plugins/lshost-nas-2.so$" answer || {
  cat answer
  fail "it is not found where it is installed"
}
exported=$(nm -D --defined-only installed/lib/lshost/plugins/lshost-nas-2.so | awk '{print $3}' | sort | tr '\n' ' ')
[ "$exported" = "lshost_plugin_meta lshost_plugin_v1 " ] || fail "it exports $exported"
grep -o '[0-9]* transactions came back.*' log project/build/Testing/Temporary/LastTest.log 2>/dev/null || true
