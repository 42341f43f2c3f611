#!/bin/sh
# build.sh INCLUDE VERSION OUTPUT: makes OUTPUT/html, the reference of the headers in INCLUDE. Every warning of Doxygen, and a
# struct of the ABI without a page, is a failure. 77: there is no Doxygen.
set -eu
include=$1 version=$2 output=$3
here=$(cd "$(dirname "$0")" && pwd)
command -v doxygen >/dev/null || { echo "skipped: no doxygen"; exit 77; }
rm -rf "$output"
mkdir -p "$output"
run() {  # STRICT LAX FILES
  sed -e "s|@INCLUDE@|$include|g; s|@OUTPUT@|$output|g; s|@FILTER@|$here/filter.awk|g; s|@VERSION@|$version|g" \
    -e "s|@STRICT@|$1|; s|@LAX@|$2|; s|@FILES@|$3|" "$here/Doxyfile.in" >"$output/Doxyfile"
  doxygen "$output/Doxyfile"
}
run YES NO "*.h"
run NO YES "*.h *.hpp"

pages=0
for struct in $(grep -rhoE '^(typedef )?struct lshost_[a-z_]+ \{' "$include" | grep -oE 'lshost_[a-z_]+'); do
  page=$output/html/struct$(echo "$struct" | sed 's/_/__/g').html
  [ -e "$page" ] || { echo "there is no page for $struct"; exit 1; }
  pages=$((pages + 1))
done
[ "$pages" -gt 20 ] || { echo "only $pages structs found in $include"; exit 1; }
# A comment behind a function pointer reached its page.
grep -q 'Never blocks' "$output/html/structlshost__replicator.html" || { echo "comments are lost"; exit 1; }
echo "$output/html/index.html"
