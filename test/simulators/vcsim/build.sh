#!/bin/sh
# Builds the simulated vCenter as $1, unless it is there. usage: build.sh OUT | build.sh --list-packages
set -eu
if [ "${1:-}" = --list-packages ]; then
  printf '%s\n' golang-go golang-github-vmware-govmomi-dev
  exit
fi
out=${1:?usage: build.sh OUT}
cd "$(dirname "$0")"
mkdir -p "$(dirname "$out")"
exec 9>"$(dirname "$out")/vcsim.lock"
flock 9
[ ! -x "$out" ] || exit 0
# Debian ships govmomi as sources below this folder, which Go reads without modules.
sources=/usr/share/gocode
command -v go >/dev/null && [ -d "$sources/src/github.com/vmware/govmomi" ] || {
  echo 'Go or govmomi is missing: run .ci/setup test' >&2
  exit 2
}
CGO_ENABLED=0 GO111MODULE=off GOPATH=$sources GOFLAGS=-trimpath \
  go build -ldflags='-s -w' -o "$out.part" .
mv "$out.part" "$out"
