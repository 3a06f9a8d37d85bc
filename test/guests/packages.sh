# shellcheck shell=bash
# Sourced by the build scripts of the guests and of the dom0: what both need of this machine and of apt.

say() { printf '\033[2m== %s\033[0m\n' "$*" >&2; }

fail() {
  printf '%s: %s\n' "${0##*/}" "$*" >&2
  exit 1
}

need_root() {
  [[ $(id -u) == 0 ]] || fail 'needs root: a Debian system is installed into a folder, and loop devices are used'
}

# digest FILE...: changes when one of the files does
digest() { cat -- "$@" | sha256sum | cut -d ' ' -f 1; }

# debian TARGET OPTION...: a minimal Debian 12 system in the folder or tar archive TARGET, from the package
# sources of this machine when it tells them for Debian, else from Debian's own servers.
debian() {
  local target=$1 sources=/etc/apt/sources.list.d/debian.sources
  shift
  [[ -e $sources ]] || sources=
  mmdebstrap --quiet --mode=root --variant=minbase \
    --aptopt='Apt::Install-Recommends "false"' --aptopt='Acquire::Languages "none"' \
    --dpkgopt='path-exclude=/usr/share/man/*' --dpkgopt='path-exclude=/usr/share/locale/*' \
    --dpkgopt='path-exclude=/usr/share/doc/*' --dpkgopt='path-include=/usr/share/doc/*/copyright' \
    "$@" bookworm "$target" ${sources:+"$sources"}
}
