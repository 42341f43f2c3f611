#!/bin/sh
# A store in a folder, for the exec plugin: folder.sh put|get|range|list|remove ROOT ...; objects are written beside
# their place, synced, and renamed. 44: there is no such object.
set -eu
action=$1 root=$2
case $action in
  put)
    mkdir -p "$(dirname "$root/$3")"
    temporary=$(mktemp "$root/.put-XXXXXX")
    trap 'rm -f "$temporary"' EXIT
    cat >"$temporary"
    sync "$temporary"
    mv -T "$temporary" "$root/$3"
    trap - EXIT
    ;;
  get) [ -f "$root/$3" ] || exit 44; exec cat "$root/$3" ;;
  range) [ -f "$root/$3" ] || exit 44; tail -c "+$(($4 + 1))" "$root/$3" | head -c "$5" ;;
  list) [ -d "$root" ] || exit 44; cd "$root"; exec find . -ignore_readdir_race -type f ! -name '.put-*' -printf '%s\t%P\n' ;;
  remove) cd "$root" 2>/dev/null || exit 0; while read -r name; do rm -f "./$name"; done ;;
  remove-one) [ -f "$root/$3" ] || exit 44; rm "$root/$3" ;;
esac
