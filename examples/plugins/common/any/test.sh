#!/bin/sh
# test.sh PLUGIN: a database is written while lshost replicates it with the plugin and is killed in between; what comes back
# is equal to it, byte for byte. Needs lshost (or its path in $LSHOST) and sqlite3.
set -eu
type=shelf
plugin=$1
lshost=${LSHOST:-lshost}
work=$(mktemp -d "${TMPDIR:-/tmp}/lshost-$type-XXXXXX")
host=
finish() {
  status=$?
  trap - EXIT
  [ -z "$host" ] || kill -KILL "$host" 2>/dev/null || true
  [ "$status" -eq 0 ] || [ ! -e "$work/log" ] || cat "$work/log"
  rm -rf "$work"
  exit "$status"
}
trap finish EXIT
trap 'exit 1' INT TERM
fail() {
  echo "test: $*" >&2
  exit 1
}
wait_for() {  # DESCRIPTION COMMAND...: for at most a minute
  what=$1 tries=0
  shift
  until "$@" >/dev/null 2>&1; do
    tries=$((tries + 1))
    [ "$tries" -lt 600 ] || fail "waited in vain for $what"
    sleep 0.1
  done
}

# Nobody else may be able to write to a plugin, or to its folder.
umask 022
mkdir "$work/plugins" "$work/replica"
: >"$work/replica/.1-0~" # as a process leaves it that was killed in the middle
install -m 755 "$plugin" "$work/plugins/lshost-$type.so"
export LSHOST_PLUGIN_PATH="$work/plugins"
"$lshost" plugin info "$type" >"$work/info" || fail "lshost does not take the plugin"
"$lshost" plugin check "$work/plugins/lshost-$type.so" --set 'path={scratch}'

db=$work/app.db
cat >"$work/replicas.toml" <<TOML
[[database]]
path = "$db"
min-checkpoint-pages = 20

  [[database.replica]]
  type = "$type"
  path = "$work/replica"
TOML
start() {
  "$lshost" --config "$work/replicas.toml" 2>>"$work/log" &
  host=$!
}
write() {  # COUNT transactions
  i=0
  while [ "$i" -lt "$1" ]; do
    echo "INSERT INTO t(x) VALUES(randomblob(abs(random()) % 9000));"
    i=$((i + 1))
  done | sqlite3 -cmd '.timeout 10000' "$db"
}
restore() { "$lshost" restore --config "$work/replicas.toml" "$db" --output "$1" 2>>"$work/log"; }
same() {  # FILE: what is restored is what is there
  cp "$db" "$work/expected.db"
  if [ -e "$db-wal" ]; then cp "$db-wal" "$work/expected.db-wal"; fi
  sqlite3 "$work/expected.db" 'PRAGMA wal_checkpoint(TRUNCATE)' >/dev/null
  restore "$1" || fail "the restore failed"
  cmp "$work/expected.db" "$1" || fail "what is restored is not what is there"
  # The same without a configuration.
  "$lshost" restore "$type://$work/replica" --output "$1.again" 2>>"$work/log" || fail "the restore by URL failed"
  cmp "$work/expected.db" "$1.again" || fail "what is restored by URL is not what is there"
}

sqlite3 "$db" 'PRAGMA journal_mode = WAL; CREATE TABLE t(id INTEGER PRIMARY KEY, x BLOB)' >"$work/answer"
start
wait_for "a snapshot that can be restored" restore "$work/first.db"
write 300
kill -KILL "$host"
wait "$host" 2>/dev/null || true
start
write 300
kill -TERM "$host"
wait "$host" || fail "lshost did not get everything to the replica"
host=
same "$work/second.db"
# From the beginning again, beside what is there.
write 50
"$lshost" replicate --config "$work/replicas.toml" --once 2>>"$work/log" || fail "lshost replicate --once failed"
same "$work/third.db"
[ -z "$(find "$work/replica" -name '*~')" ] || fail "unfinished files were left"
echo "test: $(sqlite3 "$work/third.db" 'SELECT count(*) FROM t') transactions came back, byte for byte"
