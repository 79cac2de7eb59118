#!/bin/sh
# Uses an installed martydb as a newcomer does; scripts/package-test runs it in the place of each package, in a folder with the
# shipped manifest. Each line that ends in "ok" is a check.
#   try.sh man|pages client|none
set -eu

run() { # run TEXT COMMAND...: its output is shown only if it fails
  text=$1
  shift
  "$@" >output 2>&1 || { code=$?; cat output; echo "FAILED ($code): $text"; exit 1; }
  echo "$text: ok"
}

begun=$(date +%s)
martydb --version
run "init-all" martydb -f manifest.yaml init-all -y
grep -E '^4 services, .* 0 breaches, 0 inconclusive' output
echo "seconds until then: $(($(date +%s) - begun))"
run "a second run changes nothing" martydb -f manifest.yaml plan --check

# What the shell's script asks the program for.
COMPLETE=bash _CLAP_COMPLETE_INDEX=1 _CLAP_COMPLETE_COMP_TYPE=9 _CLAP_COMPLETE_SPACE=true _CLAP_IFS=' ' martydb -- martydb upg >output
grep -qw upgrade output || { echo "FAILED: completion"; exit 1; }
echo "completion: ok"

case $1 in
  man) run "man martydb" man -P cat martydb && grep -q 'DESCRIPTION' output ;;
  pages) run "martydb man" martydb man ;;
esac

if [ "$2" = client ]; then
  run "backup" martydb -f manifest.yaml backup --all
  run "backup verify" martydb -f manifest.yaml backup verify --newest
else
  ! martydb -f manifest.yaml backup --all >output 2>&1 || { echo "FAILED: a backup without pg_dump"; exit 1; }
  grep -q 'client programs' output || { cat output; exit 1; }
  echo "backup without a client is refused, and says what to install: ok"
fi
martydb -f manifest.yaml dev down >output 2>&1 || true

# SQL at which the linter's parser panics; a panic aborts a released program.
mkdir -p odd/a/migrations
printf 'version: 1\nproject: odd\nservers: { main: { embedded: true } }\nservices: { a: {} }\n' >odd/martydb.yaml
printf -- '-- martydb: allow syntax-error: a test\nCREATE OR REPLACE FUNCTION f(a int) RETURNS int BEGINATOMIC SELECT CASE WHEN a > 0 THEN 1 EN t DO ALSO 4(INSERT INTO a D' \
  >odd/a/migrations/V1__odd.sql
printf -- '-- martydb: irreversible: a test\n' >odd/a/migrations/V1__odd.down.sql
code=0
martydb -f odd/martydb.yaml lint >output 2>&1 || code=$?
if [ "$code" != 3 ] || ! grep -q unreadable output; then
  cat output
  echo "FAILED ($code): lint of what its parser cannot read"
  exit 1
fi
echo "lint of what its parser cannot read: ok"
