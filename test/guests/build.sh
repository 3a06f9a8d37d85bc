#!/usr/bin/env bash
# Builds guests as they come from VMware out of Debian's packages, once, and prints the path of each one's disk.
# Needs root and loop devices. What the guests are: README.md.
#
#   test/guests/build.sh GUEST...          mbr-ext4, uefi-gpt, lvm-xfs, or one of them with -ready behind its name
#   test/guests/build.sh --list-packages   print the Debian packages the build needs, one a line
set -euo pipefail
umask 022

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
readonly here cache=$here/.cache
export LC_ALL=C PATH=$PATH:/usr/sbin:/sbin MTOOLSRC=/dev/null LVM_SUPPRESS_FD_WARNINGS=1
# shellcheck source=test/guests/packages.sh
. "$here/packages.sh"

readonly mib=$((1 << 20))
readonly mac=00:50:56:aa:bb:cc
readonly root_id=0b0a2c1e-5f0d-4d8e-9c55-6f1c02f3a101 boot_id=0b0a2c1e-5f0d-4d8e-9c55-6f1c02f3a102 esp_id=5A17-C0DE
# What a guest needs in its initramfs to start on a PC and on Xen as well.
readonly ready_modules=(xen-blkfront ata_piix ata_generic nvme)
readonly bios_grub=/usr/lib/grub/i386-pc efi_grub=/usr/lib/grub/x86_64-efi
readonly efi_grub_modules=(part_gpt fat ext2 normal linux configfile search search_fs_uuid serial terminal echo gzio)

# Of the guest that is being built.
work='' tree='' disk='' ready='' loops=()

# named DEVICE ID: how the guest's files tell the file system ID on the partition DEVICE
named() {
  if [[ $ready ]]; then echo "UUID=$2"; else echo "/dev/$1"; fi
}

# part START SIZE: a loop device for a piece of the disk, which this kernel need not find by itself, into REPLY
part() {
  REPLY=$(losetup --find --show --offset "$1" --sizelimit "$2" "$disk")
  loops+=("$REPLY")
}

# new_disk BYTES TABLE: an empty disk with the partitions that sfdisk reads in TABLE
new_disk() {
  truncate -s "$1" "$disk"
  sfdisk -q "$disk" <<<"$2"
}

# ext4 START SIZE ID FOLDER
ext4() {
  mke2fs -q -F -t ext4 -U "$3" -d "$4" -E "offset=$1" "$disk" "$(($2 / 1024))k" 2>"$work/log" ||
    fail "no file system: $(tail -n 3 "$work/log")"
}

# boot_menu ROOT ID FOLDER: GRUB's menu; the file system ID has the kernel in its folder FOLDER
boot_menu() {
  local kernel
  kernel=$(basename "$tree"/usr/lib/modules/*)
  mkdir -p "$tree/boot/grub"
  cat >"$tree/boot/grub/grub.cfg" <<END
set default=0
set timeout=1
serial --unit=0 --speed=115200
terminal_input serial console
terminal_output serial console
menuentry 'Debian GNU/Linux' --class debian --class gnu-linux --class os {
	insmod gzio
	insmod part_msdos
	insmod part_gpt
	insmod ext2
	search --no-floppy --fs-uuid --set=root $2
	linux	$3/vmlinuz-$kernel root=$1 ro console=tty0 console=ttyS0,115200n8
	initrd	$3/initrd.img-$kernel
}
END
}

# bios_boot_loader FOLDER: GRUB in the gap before the first partition, with its modules in FOLDER of that partition
bios_boot_loader() {
  grub-mkimage -d "$bios_grub" -O i386-pc -p "(hd0,msdos1)$1" -o "$work/core.img" biosdisk part_msdos ext2
  dd if="$bios_grub/boot.img" of="$disk" bs=440 count=1 conv=notrunc status=none
  dd if="$work/core.img" of="$disk" bs=512 seek=1 conv=notrunc status=none
}

bios_modules() {
  mkdir -p "$tree/boot/grub/i386-pc"
  cp "$bios_grub"/*.{mod,lst} "$tree/boot/grub/i386-pc"
}

# --- the guests ---------------------------------------------------------------------------------------

build_mbr-ext4() {
  local size=$((1024 * mib)) root
  root=$(named sda1 "$root_id")
  new_disk "$size" $'label: dos\nlabel-id: 0x5a17c0de\nstart=2048, type=83, bootable'
  printf '%s\n' "$root / ext4 errors=remount-ro 0 1" '/dev/sr0 /media/cdrom0 udf,iso9660 user,noauto 0 0' \
    >"$tree/etc/fstab"
  boot_menu "$root" "$root_id" /boot
  bios_modules
  ext4 "$mib" $((size - mib)) "$root_id" "$tree"
  bios_boot_loader /boot/grub
}

# As Debian installs it: the boot loader is found through the firmware's variables, which stay on VMware.
build_uefi-gpt() {
  local size=$((1152 * mib)) esp=$((64 * mib)) root
  root=$(named sda2 "$root_id")
  new_disk "$size" $'label: gpt\nstart=2048, size=131072, type=uefi, name=ESP\ntype=linux, name=root'
  printf '%s\n' "$root / ext4 errors=remount-ro 0 1" "$(named sda1 "$esp_id") /boot/efi vfat umask=0077 0 1" \
    >"$tree/etc/fstab"
  mkdir "$tree/boot/efi"
  boot_menu "$root" "$root_id" /boot
  # The second copy of the partition table stands at the end of the disk.
  ext4 $((mib + esp)) $((size - esp - 2 * mib)) "$root_id" "$tree"

  mformat -i "$disk@@$mib" -F -v ESP -T $((esp / 512)) -h 64 -s 32 -H 2048 -N "${esp_id/-/}" ::
  printf '%s\n' "search --no-floppy --fs-uuid --set=root $root_id" "set prefix=(\$root)/boot/grub" \
    "configfile \$prefix/grub.cfg" >"$work/early.cfg"
  grub-mkimage -d "$efi_grub" -O x86_64-efi -p /EFI/debian -c "$work/early.cfg" -o "$work/grubx64.efi" \
    "${efi_grub_modules[@]}"
  mmd -i "$disk@@$mib" ::/EFI ::/EFI/debian
  mcopy -i "$disk@@$mib" "$work/grubx64.efi" ::/EFI/debian/grubx64.efi
  if [[ $ready ]]; then
    mmd -i "$disk@@$mib" ::/EFI/BOOT
    mcopy -i "$disk@@$mib" "$work/grubx64.efi" ::/EFI/BOOT/BOOTX64.EFI
  fi
}

build_lvm-xfs() {
  local size=$((1536 * mib)) boot=$((256 * mib)) swap=$((32 * mib)) start
  new_disk "$size" $'label: dos\nlabel-id: 0x5a17c0df\nstart=2048, size=524288, type=83, bootable\ntype=8e'
  printf '%s\n' '/dev/mapper/vg_sys-root / xfs defaults 0 0' '/dev/mapper/vg_sys-swap none swap sw 0 0' \
    "$(named sda1 "$boot_id") /boot ext4 defaults 0 2" >"$tree/etc/fstab"
  boot_menu /dev/mapper/vg_sys-root "$boot_id" ''
  bios_modules
  ext4 "$mib" "$boot" "$boot_id" "$tree/boot"
  bios_boot_loader /grub
  rm -r "${tree:?}"/boot/*

  part $((mib + boot)) $((size - mib - boot))
  start=$((mib + boot + $(volume_group "$REPLY" $((swap / mib)))))
  part "$start" "$swap"
  mkswap "$REPLY" >"$work/log"
  # Up to an extent before the end, where no volume can reach.
  part $((start + swap)) $((size - start - swap - 4 * mib))
  mkfs.xfs -q -m "uuid=$root_id" "$REPLY"
  mkdir "$work/mounted"
  mount -t xfs "$REPLY" "$work/mounted"
  cp -a "$tree/." "$work/mounted"
  umount "$work/mounted"
}

# volume_group DEVICE SWAP-MIB: vg_sys with the volumes swap and root, in this order; prints where on DEVICE they begin.
volume_group() {
  local config text=$work/vg.txt extents swap=$(($2 / 4))
  config="devices { filter=[\"a|^$1\$|\", \"r|.*|\"] use_devicesfile=0 } backup { backup=0 archive=0 }"
  logical() { lvm "$@" --config "$config" >"$work/log" 2>&1 || fail "lvm $1: $(tail -n 3 "$work/log")"; }
  field() { sed -n "s/^[[:space:]]*$1 = \([0-9]*\).*/\1/p" "$text" | head -n 1; }
  logical pvcreate -y "$1"
  logical vgcreate -y --physicalextentsize 4m vg_sys "$1"
  # lvcreate wants a device mapper in the kernel; to restore a description of the group does not.
  logical vgcfgbackup -f "$text" vg_sys
  extents=$(field pe_count)
  {
    sed '/^}/,$d' "$text"
    echo 'logical_volumes {'
    logical_volume swap SwapId-0000-0000-0000-0000-0000-000001 0 "$swap"
    logical_volume root RootId-0000-0000-0000-0000-0000-000002 "$swap" $((extents - swap))
    echo '}'
    sed -n '/^}/,$p' "$text"
  } >"$text.new"
  logical vgcfgrestore -f "$text.new" vg_sys
  echo $(($(field pe_start) * 512))
}

# logical_volume NAME ID START COUNT: a linear volume of COUNT extents from START, as LVM describes it
logical_volume() {
  cat <<END
$1 {
  id = "$2"
  status = ["READ", "WRITE", "VISIBLE"]
  segment_count = 1
  segment1 {
    start_extent = 0
    extent_count = $4
    type = "striped"
    stripe_count = 1
    stripes = ["pv0", $3]
  }
}
END
}

# --- all of it ----------------------------------------------------------------------------------------

# The guest as it must become: drivers of all machines in its initramfs, and a network name that follows the MAC.
make_ready() {
  printf '%s\n' "${ready_modules[@]}" >>"$tree/etc/initramfs-tools/modules"
  printf '[Match]\nMACAddress=%s\n[Link]\nName=ens192\n' "$mac" >"$tree/etc/systemd/network/10-ens192.link"
  chroot "$tree" update-initramfs -u -k all >"$work/log" 2>&1 || fail "no initramfs: $(tail -n 3 "$work/log")"
}

clean_up() {
  local device
  [[ $work ]] || return 0
  mountpoint -q "$work/mounted" && umount "$work/mounted"
  for device in "${loops[@]}"; do losetup -d "$device"; done
  rm -rf --one-file-system "$work"
  work='' loops=()
}

# build_guest NAME VMDK ROOT-TAR
build_guest() {
  local kind=${1%-ready}
  say "building $1"
  work=$(mktemp -d "$cache/build.XXXXXX")
  tree=$work/tree disk=$work/disk.raw ready=${1#"$kind"}
  mkdir "$tree"
  tar -C "$tree" --numeric-owner --xattrs --xattrs-include='*' -xf "$3"
  [[ ! $ready ]] || make_ready
  "build_$kind"
  # What VMware's exports are, and the adapter they name.
  qemu-img convert -O vmdk -o subformat=streamOptimized,adapter_type=lsilogic "$disk" "$work/disk.vmdk"
  mv "$work/disk.vmdk" "$2"
  clean_up
}

main() {
  local guest inputs root disks vmdk
  if [[ ${1-} == --list-packages ]]; then
    printf '%s\n' mmdebstrap qemu-utils fdisk e2fsprogs xfsprogs lvm2 mtools mount grub-common grub-pc-bin \
      grub-efi-amd64-bin
    return
  fi
  need_root
  for guest; do
    declare -F "build_${guest%-ready}" >/dev/null || fail "there is no guest $guest"
  done
  mkdir -p "$cache"
  # One build at a time: a second one waits, and then finds what it wants.
  exec 9>"$cache/lock"
  flock 9
  trap clean_up EXIT
  mapfile -d '' inputs < <(find "$here/files" -type f -print0 | sort -z)
  root=$cache/$(digest "$here/root.sh" "$here/packages.sh" "${inputs[@]}" | head -c 16)
  disks=$root/$(digest "$here/build.sh" | head -c 16)
  for guest; do
    vmdk=$disks/$guest.vmdk
    if [[ ! -e $vmdk ]]; then
      mkdir -p "$disks"
      # Of what older scripts built nothing is of use.
      find "$cache" -mindepth 1 -maxdepth 1 -type d ! -path "$root" -exec rm -rf --one-file-system {} +
      find "$root" -mindepth 1 -maxdepth 1 -type d ! -path "$disks" -exec rm -rf {} +
      [[ -e $root/root.tar ]] || "$here/root.sh" "$root/root.tar"
      build_guest "$guest" "$vmdk" "$root/root.tar"
    fi
    echo "$vmdk"
  done
}

main "$@"
