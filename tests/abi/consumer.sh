#!/bin/bash
# consumer.sh CMAKE BUILD PROJECTS SDK CC CXX: the ways in which a third party gets at the SDK, each with nothing but what is
# installed, under a prefix that was staged, moved, and has a blank in its name: find_package in C++ and in C alone,
# add_subdirectory, pkg-config. What comes out is what the installed lshost lists, and passes its own export test; what is
# linked in another way fails that test.
set -eu
cmake=$1 build=$2 projects=$3 sdk=$4 cc=$5 cxx=$6
work=$(mktemp -d "${TMPDIR:-/tmp}/lshost-consumer-XXXXXX")
trap 'rm -rf "$work"' EXIT
umask 022
unset LSHOST_PLUGIN_PATH DESTDIR

fail() { echo "FAILED: $1"; [ ! -s "$work/log" ] || cat "$work/log"; exit 1; }
quietly() { "$@" >"$work/log" 2>&1 || fail "$*"; }
says() { grep -q -- "$1" "$work/log" || fail "it does not say: $1"; }

# A package is made in a stage, and unpacked somewhere else.
DESTDIR=$work/stage quietly "$cmake" --install "$build" --prefix /opt/lshost-1
[ -z "$(ls "$work/stage" | grep -v '^opt$')" ] || fail "something was installed outside of the prefix: $(ls "$work/stage")"
prefix="$work/the prefix"
mv "$work/stage/opt/lshost-1" "$prefix"
if grep -rlF -e "$build" -e /opt/lshost-1 "$prefix/include" "$prefix/share" >"$work/log"; then fail "a path of this machine"; fi
lshost=$prefix/bin/lshost

# build_project SOURCE NAME [OPTION...]: configures, builds, tests.
build_project() {
  quietly "$cmake" -G Ninja -S "$1" -B "$work/$2" -DCMAKE_BUILD_TYPE=Release -DCMAKE_INSTALL_PREFIX="$prefix" \
    -DCMAKE_C_COMPILER="$cc" -DCMAKE_CXX_COMPILER="$cxx" "${@:3}"
  quietly "$cmake" --build "$work/$2"
  quietly "$(dirname "$cmake")/ctest" --test-dir "$work/$2" --no-tests=error --output-on-failure
  says "100% tests passed"
}
with_package=(-DCMAKE_PREFIX_PATH="$prefix" -DCMAKE_FIND_USE_PACKAGE_REGISTRY=OFF)

build_project "$projects/cpp" cpp "${with_package[@]}"
quietly "$cmake" --install "$work/cpp"
build_project "$projects/c" c "${with_package[@]}"
quietly "$cmake" --install "$work/c"
build_project "$projects/subdirectory" subdirectory -DSDK="$sdk"
quietly "$cmake" --install "$work/subdirectory" --prefix "$work/only"
[ "$(cd "$work/only" && find . -type f)" = ./lib/lshost/plugins/lshost-nested.so ] ||
  fail "a plugin with the SDK inside installs more than itself: $(cd "$work/only" && find . -type f)"

# The SDK alone, for a machine without what the program needs.
quietly "$cmake" -G Ninja -S "$sdk" -B "$work/sdk" -DCMAKE_C_COMPILER="$cc" -DCMAKE_INSTALL_PREFIX="$work/sdk-only" \
  -DCMAKE_INSTALL_DATADIR=share/deep/er -DCMAKE_INSTALL_INCLUDEDIR="$work/sdk-only/headers"
quietly "$cmake" --install "$work/sdk"
build_project "$projects/c" c-alone -Dlshost-sdk_DIR="$work/sdk-only/share/deep/er/cmake/lshost-sdk"

command -v pkg-config >/dev/null || fail "there is no pkg-config"
# One line each, as lshost-sdk.pc has it. pkg-config itself can not quote a blank in every place.
ln -s "$prefix" "$work/prefix"
one_line() {  # DATADIR COMPILER SOURCE NAME
  export PKG_CONFIG_PATH="$1/pkgconfig"
  # shellcheck disable=SC2046,SC2086 # lists of words, as in anybody's Makefile
  quietly $2 $(pkg-config --cflags --libs lshost-sdk) -o "$4" "$3"
}
check() {
  "$cmake" -D PLUGIN="$1" -D NM="$(command -v nm)" -D READELF="$(command -v readelf)" \
    -P "$prefix/share/cmake/lshost-sdk/plugin_exports.cmake" >"$work/log" 2>&1
}
one_line "$work/prefix/share" "$cc -std=c11" "$projects/c/plain.c" "$work/lshost-plain.so"
check "$work/lshost-plain.so" || fail "what pkg-config builds of C"
one_line "$work/prefix/share" "$cxx -std=c++20" "$projects/cpp/sample.cpp" "$work/lshost-sample.so"
check "$work/lshost-sample.so" || fail "what pkg-config builds of C++"
one_line "$work/sdk-only/share/deep/er" "$cc -std=c11" "$projects/c/plain.c" "$work/lshost-plain.so"
PKG_CONFIG_PATH="$work/prefix/share/pkgconfig"
[ "$(realpath "$(pkg-config --variable=plugindir lshost-sdk)")" = "$prefix/lib/lshost/plugins" ] ||
  fail "plugindir is $(pkg-config --variable=plugindir lshost-sdk)"
[ -f "$(pkg-config --variable=syms lshost-sdk)" ] || fail "syms is $(pkg-config --variable=syms lshost-sdk)"
[ "$(pkg-config --modversion lshost-sdk)" = 1.0.0 ] || fail "modversion"

# The check sees what it is for.
quietly "$cxx" -std=c++20 -shared -fPIC -I "$prefix/include" -Wl,-z,lazy -o "$work/lshost-loose.so" "$projects/cpp/loose.cpp"
! check "$work/lshost-loose.so" || fail "a library that exports everything passed"
for words in "it exports .*loose_function" "it may be unloaded" "resolved when they are used" "-fvisibility=hidden"; do
  says "$words"
done
if [ "$(basename "$cxx")" = g++ ] || [ "$(basename "$cxx")" = c++ ]; then says "GNU_UNIQUE"; fi
quietly "$cc" -shared -fPIC -x c -o "$work/lshost-empty.so" /dev/null
! check "$work/lshost-empty.so" || fail "a library that is no plugin passed"
says "it exports no function lshost_plugin_v1"
says "it exports no lshost_plugin_meta"

# And all of it is what the installed program takes.
"$lshost" plugin list >"$work/log" 2>&1 || fail "plugin list"
says "^sample  *lshost-sample  *3.2.1  *$prefix/lib/lshost/plugins/lshost-sample.so$"
says "^shelf  *lshost-shelf "
says "^plain  *lshost-plain  *0.0.1 "
says "^file  *lshost-file "
cat "$work/log"
"$lshost" plugin info sample >"$work/log" 2>&1 || fail "plugin info"
says "^path  *string  *(required)  *where to$"
