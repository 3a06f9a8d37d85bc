#!/usr/bin/env bash
# Builds, once, what boots Debian's Xen and a dom0 in an emulated PC: xen, vmlinuz, initrd.img and root.raw, a folder
# of test/xen/.cache. Needs root and about two minutes.
#
#   test/xen/dom0/build.sh                   build unless it is there, and print the folder
#   test/xen/dom0/build.sh --list-packages   print the Debian packages the build needs, one a line
set -euo pipefail
umask 022

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
cache=$here/../.cache
readonly here cache
readonly xen=4.17
export LC_ALL=C PATH=$PATH:/usr/sbin:/sbin
# shellcheck source=test/guests/packages.sh
. "$here/../../guests/packages.sh"

# What the initramfs loads to reach its root disk, in the order of their needs, then what the dom0 loads by itself.
readonly boot_modules=(virtio_pci virtio_blk ext4)
readonly dom0_modules=(xen-evtchn xen-gntdev xen-gntalloc xen-privcmd xenfs xen-blkback xen-netback bridge ipv6)

work=''

# The kernel and the hypervisor are unpacked, not installed: nothing here needs their boot loader or an initramfs
# with every driver.
unpack_kernel() {
  local tree=$1 to=$2 package kernel
  # apt of the new system, whose package lists are at hand
  package=$(chroot "$tree" apt-cache depends linux-image-amd64 | sed -n 's/^ *Depends: *\(linux-image-\)/\1/p' | head -n 1)
  (cd "$tree/tmp" && chroot "$tree" sh -c 'cd /tmp && apt-get -qq download "$@"' sh "$package" "xen-hypervisor-$xen-amd64")
  for package in "$tree"/tmp/*.deb; do dpkg-deb -x "$package" "$to"; done
  rm "$tree"/tmp/*.deb
  kernel=$(basename "$to"/lib/modules/*)
  depmod -b "$to" "$kernel"
  echo "$kernel"
}

# modules FROM KERNEL NAME...: the files of the modules in the order they are to be loaded
modules() {
  local from=$1 kernel=$2
  shift 2
  modprobe -d "$from" -S "$kernel" -a --show-depends "$@" | sed -n 's/^insmod //p' | awk '!seen[$1]++ { print $1 }'
}

build_initrd() {
  local boot=$1 kernel=$2 tree=$3 to=$4 file name names=()
  mkdir -p "$tree"/{bin,modules,proc,sys,dev,newroot}
  cp "$(command -v busybox)" "$tree/bin/busybox"
  while read -r file; do
    name=$(basename "$file")
    cp "$file" "$tree/modules/$name"
    names+=("$name")
  done < <(modules "$boot" "$kernel" "${boot_modules[@]}" crc32c_generic)
  sed "s/@MODULES@/${names[*]}/" "$here/initramfs-init" >"$tree/init"
  chmod 755 "$tree/init"
  (cd "$tree" && find . | cpio --quiet -o -H newc -R 0:0) >"$to"
}

build() {
  local to=$1 tree boot kernel file
  work=$(mktemp -d "$cache/dom0.XXXXXX")
  trap 'rm -rf --one-file-system "$work"' EXIT
  tree=$work/root boot=$work/boot
  mkdir "$boot" "$work/out"
  say "installing a dom0 with Xen $xen"
  debian "$tree" --skip=cleanup/apt/lists \
    --include="xen-utils-$xen,xenstore-utils,kmod,busybox-static,iproute2"
  kernel=$(unpack_kernel "$tree" "$boot")
  rm -rf "$tree"/var/lib/apt/lists/* "$tree"/var/cache/apt/*
  mkdir -p "$tree/lib/modules/$kernel"
  cp "$boot/lib/modules/$kernel"/modules.{order,builtin,builtin.modinfo} "$tree/lib/modules/$kernel"
  modules "$boot" "$kernel" "${dom0_modules[@]}" | while read -r file; do
    install -D -m 644 "$file" "$tree/${file#"$boot/"}"
  done
  depmod -b "$tree" "$kernel"
  install -m 755 "$here/dom0-init" "$tree/sbin/dom0-init"
  # Multiboot, the way in that the emulator has for a hypervisor, wants it uncompressed.
  zcat "$boot/boot/xen-$xen-amd64.gz" >"$work/out/xen"
  cp "$boot/boot/vmlinuz-$kernel" "$work/out/vmlinuz"
  build_initrd "$boot" "$kernel" "$work/initrd" "$work/out/initrd.img"
  truncate -s 1200M "$work/out/root.raw"
  mke2fs -q -F -t ext4 -O '^metadata_csum,^has_journal' -d "$tree" "$work/out/root.raw"
  rm -rf "$cache"/dom0-*
  mv "$work/out" "$to"
}

main() {
  if [[ ${1-} == --list-packages ]]; then
    printf '%s\n' mmdebstrap e2fsprogs cpio kmod busybox-static
    return
  fi
  need_root
  mkdir -p "$cache"
  local to
  to=$(realpath "$cache")/dom0-$(digest "$here"/* "$here/../../guests/packages.sh")
  exec 9>"$cache/dom0.lock"
  flock 9
  [[ -d $to ]] || build "$to"
  echo "$to"
}

main "$@"
