#!/bin/bash
# consumer.sh CMAKE BUILD CONSUMER CC CXX: installs BUILD into a prefix of its own, builds the plugin in CONSUMER against
# nothing but that, installs it there, and asks the installed lshost for it.
set -eu
cmake=$1 build=$2 consumer=$3 cc=$4 cxx=$5
work=$(mktemp -d "${TMPDIR:-/tmp}/lshost-consumer-XXXXXX")
trap 'rm -rf "$work"' EXIT
umask 022

"$cmake" --install "$build" --prefix "$work/prefix" >"$work/log" 2>&1 || { cat "$work/log"; exit 1; }
"$cmake" -G Ninja -S "$consumer" -B "$work/build" -DCMAKE_PREFIX_PATH="$work/prefix" -DCMAKE_INSTALL_PREFIX="$work/prefix" \
  -DCMAKE_C_COMPILER="$cc" -DCMAKE_CXX_COMPILER="$cxx" >"$work/log" 2>&1 || { cat "$work/log"; exit 1; }
"$cmake" --build "$work/build" >"$work/log" 2>&1 || { cat "$work/log"; exit 1; }
"$cmake" --install "$work/build" >"$work/log" 2>&1 || { cat "$work/log"; exit 1; }

fail() { echo "FAILED: $1"; cat "$work/answer"; exit 1; }
unset LSHOST_PLUGIN_PATH
lshost=$work/prefix/bin/lshost
"$lshost" plugin list >"$work/answer" 2>&1 || fail "plugin list"
grep -q "^sample  *lshost-sample  *3.2.1  *$work/prefix/lib/lshost/plugins/lshost-sample.so$" "$work/answer" ||
  fail "the sample is not listed"
grep -q "^file  *lshost-file " "$work/answer" || fail "the file plugin is not listed"
"$lshost" plugin info sample >"$work/answer" 2>&1 || fail "plugin info"
grep -q "^path  *string  *(required)  *where to$" "$work/answer" || fail "the sample's key is not shown"

exported=$(nm -D --defined-only "$work/prefix/lib/lshost/plugins/lshost-sample.so" | awk '{print $3}' | sort | tr '\n' ' ')
[ "$exported" = "lshost_plugin_meta lshost_plugin_v1 " ] || { echo "FAILED: it exports $exported"; exit 1; }
if command -v pkg-config >/dev/null; then
  flags=$(PKG_CONFIG_PATH="$work/prefix/share/pkgconfig" pkg-config --cflags lshost-sdk)
  echo '#include <lshost/plugin.h>' | "$cc" -x c -std=c11 $flags -fsyntax-only -
fi
cat "$work/answer"
