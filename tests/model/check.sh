#!/bin/bash
# Checks the model of the checkpoint protocol with Spin: the protocol holds in all states, and each variant that leaves
# out one of its rules is caught. Takes about half a minute. Exit code 77: Spin or gcc is not there.
set -eu
model=$(cd "$(dirname "$0")" && pwd)/checkpoint.pml
for tool in spin gcc; do
  command -v "$tool" > /dev/null || { echo "model: $tool is not installed; skipped"; exit 77; }
done
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
cd "$scratch"
failures=0

# explore OPTION...: searches all states of a variant; the result is in the file "result".
explore() {
  spin -DNW=1 "$@" -a "$model" > spin.log || { cat spin.log; exit 1; }
  gcc -O2 -w -DSAFETY -DCOLLAPSE -o pan pan.c
  ./pan -m200000 > result
}

# must_hold OPTION...: no assertion fails, and no state was left out.
must_hold() {
  explore "$@"
  if grep -q "errors: 0" result && ! grep -q "max search depth too small\|Search not completed" result; then
    echo "holds:  $* ($(sed -n 's/^ *\([0-9.e+]*\) states, stored.*/\1/p' result) states)"
  else
    echo "FAILED: $*: must hold"
    cat result
    failures=$((failures + 1))
  fi
}

# must_break ASSERTION OPTION...: the search ends at that assertion.
must_break() {
  local assertion=$1
  shift
  explore "$@"
  if grep "assertion violated" result | grep -qF "$assertion"; then
    echo "breaks: $*"
  else
    echo "FAILED: $*: must violate $assertion"
    cat result
    failures=$((failures + 1))
  fi
}

gap='!(up)||crash'
reset_bug='(bf<=mx)'
false_go='!(lost)'

must_hold
must_hold -DNOKILL -DREADER
must_break "$reset_bug" -DNAIVE
must_break "$gap" -DNAIVE -DFIXED
must_break "$reset_bug" -DNOFLUSH
must_hold -DNOFLUSH -DFIXED # the CKPT rule is there for the WAL-reset bug alone
must_break "$gap" -DNOCOPY
must_hold -DNOKILL -DLETGO
must_break "$false_go" -DNOKILL -DLETGO -DNOASK
must_break "$reset_bug" -DNOKILL -DLETGO -DNOCKPT
exit "$((failures > 0))"
