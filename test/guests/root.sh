#!/usr/bin/env bash
# Installs the Debian 12 system that all guests share into the tar archive given. Needs root; about a minute.
#
#   test/guests/root.sh TAR
set -euo pipefail
umask 022

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
readonly here
export LC_ALL=C PATH=$PATH:/usr/sbin:/sbin
# shellcheck source=test/guests/packages.sh
. "$here/packages.sh"

readonly password=xenferry
# VMware's storage driver and nothing that a PC or Xen has: such a guest starts nowhere else.
readonly storage_modules=(vmw_pvscsi sd_mod ext4 xfs)

# The answer to the Debian installer's question for drivers, given before the kernel makes its initramfs.
before_packages() {
  mkdir -p "$1/etc/initramfs-tools/conf.d"
  echo 'MODULES=list' >"$1/etc/initramfs-tools/conf.d/driver-policy"
  printf '%s\n' "${storage_modules[@]}" >"$1/etc/initramfs-tools/modules"
}

after_packages() {
  echo "root:$password" | chroot "$1" chpasswd
  cp -a "$here/files/." "$1"
  rm -rf "$1"/etc/initramfs-tools/*.dpkg-dist "$1"/var/cache/apt/*.bin "$1"/var/lib/apt/lists/*
}

case $1 in
  --hook) "$2" "$3" ;;
  *)
    need_root
    say 'installing Debian 12 for the guests'
    # mmdebstrap calls this script again for each hook.
    debian "$1.new" --format=tar --dpkgopt=force-confold \
      --include=systemd-sysv,udev,dbus,kmod,ifupdown,iproute2,netbase,linux-image-cloud-amd64,initramfs-tools,zstd \
      --include=grub2-common,open-vm-tools,e2fsprogs,xfsprogs,lvm2 \
      --essential-hook="'$here/root.sh' --hook before_packages \"\$1\"" \
      --customize-hook="'$here/root.sh' --hook after_packages \"\$1\""
    mv "$1.new" "$1"
    ;;
esac
