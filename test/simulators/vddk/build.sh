#!/bin/sh
# Builds the stand-in of nbdkit's vddk plugin as $1, unless it is there. usage: build.sh OUT | build.sh --list-packages
set -eu
if [ "${1:-}" = --list-packages ]; then
  printf '%s\n' gcc libc6-dev nbdkit-plugin-dev
  exit
fi
out=${1:?usage: build.sh OUT}
cd "$(dirname "$0")"
mkdir -p "$(dirname "$out")"
exec 9>"$(dirname "$out")/vddk.lock"
flock 9
[ ! -f "$out" ] || exit 0
[ -f /usr/include/nbdkit-plugin.h ] && command -v gcc >/dev/null || {
  echo 'gcc or nbdkit-plugin-dev is missing: run .ci/setup test' >&2
  exit 2
}
gcc -shared -fPIC -O1 -Wall -Wno-unused-parameter -Werror -o "$out.part" vddk.c
mv "$out.part" "$out"
