#!/usr/bin/env bash
# Builds the sample VMware estate in samples/estate/ from the descriptors beside this script and from
# Debian packages. Needs no root, no mounts and no loop devices. What it builds: README.md.
#
#   samples/build.sh                   build, unless the estate is there and up to date
#   samples/build.sh --list-packages   print the Debian packages the build needs, one a line
set -euo pipefail
umask 022

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
cache=$here/.cache
estate=$here/estate
stamp=$cache/estate.stamp

# Fixed times, so that the same packages give the same disks again.
# sfdisk, debugfs and the like stand in folders that a normal user does not search.
export LC_ALL=C TZ=UTC0 PATH=$PATH:/usr/sbin:/sbin
export SOURCE_DATE_EPOCH=1767225600 E2FSPROGS_FAKE_TIME=1767225600 MTOOLSRC=/dev/null

kernel_package=linux-image-cloud-amd64
content_packages=(base-files open-vm-tools mariadb-server-core python3-django)
password=xenferry

# In the initramfs: the storage of VMware, of plain PC hardware and of Xen, whichever the guest meets.
boot_modules=(sd_mod ext4 vmw_pvscsi ata_piix ata_generic nvme xen-blkfront xen-netfront)
# Only on the root file system.
root_modules=(vmxnet3 vmw_balloon vmw_vmci sr_mod vfat nls_ascii nls_cp437 nls_utf8 button)
# Debian's cloud kernel has none of these; a fuller kernel does, and the guests would need them.
wanted_modules=(ahci mptspi mptsas e1000 e1000e)

grub_bios=/usr/lib/grub/i386-pc
grub_efi=/usr/lib/grub/x86_64-efi
grub_modules=(normal linux configfile search search_fs_uuid ext2 serial terminal echo test gzio)

declare -A capacity_of populated_of # by VMDK file name, in bytes
started=${EPOCHREALTIME/./}
kernel='' work=''

# --- messages ---------------------------------------------------------------------------------------

say() {
  local ms=$(((${EPOCHREALTIME/./} - started) / 1000))
  printf '%3d.%d s  %s\n' $((ms / 1000)) $((ms % 1000 / 100)) "$1"
}

fail() {
  printf 'samples/build.sh: %s\n' "$1" >&2
  exit 1
}

# --- tools of this machine --------------------------------------------------------------------------

# What is looked for, and the Debian package that has it. A path means a file, a word a command.
tools() {
  cat <<END
qemu-img qemu-utils
sfdisk fdisk
mke2fs e2fsprogs
debugfs e2fsprogs
dumpe2fs e2fsprogs
mformat mtools
mcopy mtools
grub-mkimage grub-common
$grub_bios/boot.img grub-pc-bin
$grub_efi/moddep.lst grub-efi-amd64-bin
static-busybox busybox-static
cpio cpio
depmod kmod
modprobe kmod
END
}

present() {
  case $1 in
    /*) [[ -e $1 ]] ;;
    # A busybox that needs libraries could not run in the guests.
    static-busybox) command -v busybox >/dev/null && ! ldd "$(command -v busybox)" >/dev/null 2>&1 ;;
    *) command -v "$1" >/dev/null ;;
  esac
}

check_tools() {
  local tool package missing=0
  while read -r tool package; do
    present "$tool" && continue
    missing=1
    printf '%s is missing (Debian package %s): sudo apt-get install --no-install-recommends %s\n' \
      "$tool" "$package" "$package" >&2
  done < <(tools)
  [[ $missing == 0 ]] || exit 2
}

# --- is there anything to do? -----------------------------------------------------------------------

digest() {
  (cd "$here" && find build.sh descriptors guest -type f -print0 | sort -z | xargs -0 sha256sum | sha256sum)
}

# The stamp holds the digest of what the estate was built from, then the size and name of every file.
up_to_date() {
  local lines names
  [[ -f $stamp && -d $estate ]] || return 1
  mapfile -t lines <"$stamp"
  [[ ${lines[0]} == "$(digest)" ]] || return 1
  mapfile -t names < <(printf '%s\n' "${lines[@]:1}" | cut -d ' ' -f 2-)
  (cd "$estate" && stat -c '%s %n' -- "${names[@]}") 2>/dev/null |
    cmp -s - <(printf '%s\n' "${lines[@]:1}")
}

write_stamp() {
  {
    printf '%s\n' "$1"
    (cd "$estate" && find . -type f -print0 | sort -z | xargs -0 stat -c '%s %n' --)
  } >"$stamp.new"
  mv "$stamp.new" "$stamp"
}

# --- Debian packages --------------------------------------------------------------------------------

# apt with folders of its own: works for a normal user, and on a machine whose package lists are empty.
private_apt() {
  local command=$1
  shift
  "$command" -q -o Dir::State="$cache/apt/state" -o Dir::Cache="$cache/apt/cache" \
    -o Dir::State::status=/var/lib/dpkg/status -o APT::Sandbox::User=root -o APT::Architecture=amd64 "$@"
}

# The cloud kernel's package is empty and depends on the package of the newest kernel.
kernel_image() {
  private_apt apt-cache depends "$kernel_package" |
    awk '$1 == "Depends:" && $2 ~ /^linux-image-/ && !found { print $2; found = 1 }'
}

# download NAME PACKAGE: one package into the cache, as NAME.deb
download() {
  rm -rf "$cache/download"
  mkdir "$cache/download"
  (cd "$cache/download" && private_apt apt-get download "$2") >>"$cache/apt.log" 2>&1 ||
    fail "could not download the Debian package $2; see $cache/apt.log"
  mv "$cache/download"/*.deb "$cache/packages/$1.deb"
  rm -rf "$cache/download"
}

fetch_packages() {
  local name package missing=()
  mkdir -p "$cache"/apt/{state/lists,cache/archives}/partial "$cache/packages"
  for name in kernel "${content_packages[@]}"; do
    [[ -f $cache/packages/$name.deb ]] || missing+=("$name")
  done
  ((${#missing[@]})) || return 0
  say "fetching Debian packages: ${missing[*]}"
  # One source of this machine that does not answer is no reason to stop: the downloads will tell.
  private_apt apt-get update >"$cache/apt.log" 2>&1 || true
  for name in "${missing[@]}"; do
    package=$name
    [[ $name == kernel ]] && package=$(kernel_image)
    [[ -n $package ]] || fail "no Debian package $kernel_package to be had; see $cache/apt.log"
    download "$name" "$package"
  done
}

unpack_packages() {
  local name
  for name in kernel "${content_packages[@]}"; do
    mkdir -p "$work/packages/$name"
    dpkg-deb -x "$cache/packages/$name.deb" "$work/packages/$name"
  done
  kernel=$(basename "$work"/packages/kernel/lib/modules/*)
  depmod -b "$work/packages/kernel" "$kernel"
}

# --- the tree all bootable guests share --------------------------------------------------------------

# skeleton TREE: the folders of a Debian 12 system, where /bin, /sbin and /lib are links into /usr
skeleton() {
  local folder
  mkdir -p "$1"/{dev,proc,sys,run,root,usr/{bin,sbin,lib/modules}}
  for folder in bin sbin lib; do
    ln -s "usr/$folder" "$1/$folder"
  done
}

# add_busybox TREE: busybox under all its names, but for those of package managers the guest has not
add_busybox() {
  local name
  cp "$(command -v busybox)" "$1/usr/bin/busybox"
  busybox --list-full | sed 's,^usr/,,' | grep -vE '/(busybox|dpkg|dpkg-deb|rpm|rpm2cpio)$|^linuxrc$' |
    while read -r name; do
      ln -sf /usr/bin/busybox "$1/usr/$name"
    done
}

# add_modules TREE MODULE...: the modules, what they need, and the module lists
add_modules() {
  local tree=$1 from=$work/packages/kernel/lib/modules/$kernel file
  local to=$tree/usr/lib/modules/$kernel
  shift
  mkdir -p "$to"
  cp "$from"/modules.{order,builtin,builtin.modinfo} "$to"
  modprobe -d "$work/packages/kernel" -S "$kernel" -a --show-depends "$@" | sed -n 's/^insmod //p' | sort -u |
    while read -r file; do
      file=${file#"$from"/}
      mkdir -p "$to/${file%/*}"
      cp "$from/$file" "$to/$file"
    done
  depmod -b "$tree" "$kernel"
}

# Those of the wanted modules that this kernel has.
modules_to_be_had() {
  local module
  for module in "${wanted_modules[@]}"; do
    modprobe -d "$work/packages/kernel" -S "$kernel" --show-depends "$module" >/dev/null 2>&1 && echo "$module"
  done
  return 0
}

# age TREE: one fixed time on every file, whoever built it and when
age() {
  find "$1" -print0 | xargs -0 touch -h -d "@$SOURCE_DATE_EPOCH"
}

build_initramfs() {
  local tree=$work/initramfs extra
  mapfile -t extra < <(modules_to_be_had | grep -v '^e1000' || true)
  skeleton "$tree"
  add_busybox "$tree"
  add_modules "$tree" "${boot_modules[@]}" "${extra[@]}"
  mkdir "$tree/conf"
  printf '%s\n' "${boot_modules[@]}" "${extra[@]}" >"$tree/conf/modules"
  install -m 755 "$here/guest/initramfs-init" "$tree/init"
  age "$tree"
  (cd "$tree" && find . | sort | cpio --quiet --reproducible -o -H newc -R 0:0) | gzip -n -6 >"$work/initrd.img"
}

# installed PACKAGE...: their entries in the guest's list of installed packages
installed() {
  local name
  for name in "$@"; do
    dpkg-deb -f "$cache/packages/$name.deb" | sed '/^Package:/a Status: install ok installed'
    echo
  done
}

build_base() {
  local tree=$work/base extra
  mapfile -t extra < <(modules_to_be_had)
  skeleton "$tree"
  mkdir -p "$tree"/{boot/grub,etc/{default,init.d,initramfs-tools,network},home,media/cdrom0,mnt,opt,srv,tmp,var/{lib/dpkg,log,tmp}}
  mkdir -p "$tree/usr/share"
  chmod 1777 "$tree/tmp" "$tree/var/tmp"
  chmod 700 "$tree/root"
  ln -s /run "$tree/var/run"
  cp -a "$work/packages/base-files/etc/." "$tree/etc"
  cp -a "$work/packages/base-files/usr/lib/os-release" "$tree/usr/lib"
  cp -a "$work/packages/base-files/usr/share/common-licenses" "$tree/usr/share"
  add_busybox "$tree"
  ln -sf /usr/bin/busybox "$tree/usr/sbin/init"
  add_modules "$tree" "${boot_modules[@]}" "${root_modules[@]}" "${extra[@]}"
  cp "$work/packages/kernel/boot/vmlinuz-$kernel" "$work/packages/kernel/boot/config-$kernel" "$tree/boot"
  cp "$work/initrd.img" "$tree/boot/initrd.img-$kernel"
  install -m 755 "$here/guest/rcS" "$tree/etc/init.d/rcS"
  install -m 644 "$here/guest/inittab" "$tree/etc/inittab"
  add_accounts "$tree/etc"
  { echo '# Drivers the initramfs loads, one a line.' && cat "$work/initramfs/conf/modules"; } \
    >"$tree/etc/initramfs-tools/modules"
  cat >"$tree/etc/default/grub" <<'END'
GRUB_DEFAULT=0
GRUB_TIMEOUT=0
GRUB_DISTRIBUTOR=Debian
GRUB_CMDLINE_LINUX_DEFAULT="quiet"
GRUB_CMDLINE_LINUX="console=tty0 console=ttyS0,115200n8"
END
  {
    installed kernel base-files
    dpkg-query -s busybox-static 2>/dev/null && echo
  } >"$tree/var/lib/dpkg/status" || true
}

add_accounts() {
  local hash
  hash=$(busybox mkpasswd -m sha512 -S "$password" "$password")
  echo 'root:x:0:0:root:/root:/bin/sh' >"$1/passwd"
  echo "root:$hash:20454:0:99999:7:::" >"$1/shadow"
  printf 'root:x:0:\ntty:x:5:\n' >"$1/group"
  chmod 640 "$1/shadow"
}

# --- one guest's own files ----------------------------------------------------------------------------

# guest_tree NAME UUID: a copy of the shared tree with the guest's name and boot loader menu
guest_tree() {
  local tree=$work/$1
  cp -a "$work/base" "$tree"
  echo "$1" >"$tree/etc/hostname"
  printf '127.0.0.1\tlocalhost\n127.0.1.1\t%s\n' "$1" >"$tree/etc/hosts"
  sed "s/@UUID@/$2/g; s/@KERNEL@/$kernel/g" "$here/guest/grub.cfg" >"$tree/boot/grub/grub.cfg"
  printf '# The loopback network interface\nauto lo\niface lo inet loopback\n' >"$tree/etc/network/interfaces"
}

# add_nic NAME INTERFACE MAC ADDRESS [GATEWAY]
add_nic() {
  local etc=$work/$1/etc
  echo "$2 $3" >>"$etc/mactab"
  {
    printf '\nauto %s\niface %s inet static\n\taddress %s\n\tnetmask 255.255.255.0\n' "$2" "$2" "$4"
    [[ -z ${5-} ]] || printf '\tgateway %s\n' "$5"
  } >>"$etc/network/interfaces"
}

# add_open_vm_tools NAME: VMware's tools as Debian packages them
add_open_vm_tools() {
  local tree=$work/$1 from=$work/packages/open-vm-tools wants
  cp -a "$from/etc/." "$tree/etc"
  cp -a "$from/lib/." "$tree/usr/lib"
  cp -a "$from/usr/bin" "$from/usr/lib" "$tree/usr"
  wants=$tree/etc/systemd/system/multi-user.target.wants
  mkdir -p "$wants"
  ln -s /lib/systemd/system/open-vm-tools.service "$wants/open-vm-tools.service"
  installed open-vm-tools >>"$tree/var/lib/dpkg/status"
}

# add_tarball_tools NAME: the traces of VMware's own, older installer
add_tarball_tools() {
  local tree=$work/$1
  mkdir -p "$tree/etc/vmware-tools"
  cat >"$tree/etc/vmware-tools/locations" <<'END'
answer BINDIR /usr/bin
answer SBINDIR /usr/sbin
answer LIBDIR /usr/lib/vmware-tools
answer INITDIR /etc
answer INITSCRIPTSDIR /etc/init.d
file /etc/init.d/vmware-tools
file /usr/bin/vmware-uninstall-tools.pl
file /usr/sbin/vmtoolsd
END
  printf '#!/bin/sh\nexit 0\n' | tee "$tree/etc/init.d/vmware-tools" >"$tree/usr/sbin/vmtoolsd"
  cat >"$tree/usr/bin/vmware-uninstall-tools.pl" <<'END'
#!/bin/sh
# Stands for VMware's uninstaller: takes away what /etc/vmware-tools/locations lists.
sed -n 's/^file //p' /etc/vmware-tools/locations | while read -r file; do rm -f "$file"; done
rm -rf /etc/vmware-tools
END
  chmod 755 "$tree/etc/init.d/vmware-tools" "$tree/usr/sbin/vmtoolsd" "$tree/usr/bin/vmware-uninstall-tools.pl"
}

# --- disks --------------------------------------------------------------------------------------------

# make_ext4 IMAGE START SIZE UUID LABEL TREE: an ext4 file system in a part of IMAGE (both in MiB).
# The features are those of Debian 12, which its GRUB can read, whatever this machine's default is.
make_ext4() {
  local image=$1 offset=$(($2 * 1048576)) size=$3 uuid=$4 label=$5 tree=$6 features
  features=none,has_journal,ext_attr,resize_inode,dir_index,filetype,extent,64bit,flex_bg,sparse_super
  features+=,large_file,huge_file,dir_nlink,extra_isize,metadata_csum
  age "$tree"
  mke2fs -q -F -t ext4 -O "$features" -b 4096 -I 256 -i 16384 -U "$uuid" -L "$label" -d "$tree" \
    -E "offset=$offset,hash_seed=$uuid,root_owner=0:0,nodiscard,assume_storage_prezeroed=1" "$image" "${size}m"
  give_to_root "$image?offset=$offset"
}

# mke2fs takes over the owner of each file and when it was last changed on this machine.
# In the guest all belongs to root, and was made at the fixed time.
give_to_root() {
  local used inode field
  used=$(dumpe2fs -h "$1" 2>/dev/null | awk '/^Inode count:/ { all = $3 } /^Free inodes:/ { print all - $3 }')
  for inode in 2 $(seq 11 "$used"); do
    for field in 'uid 0' 'gid 0' "atime @$SOURCE_DATE_EPOCH" "ctime @$SOURCE_DATE_EPOCH"; do
      echo "sif <$inode> $field"
    done
  done >"$work/debugfs.in"
  debugfs -w -f "$work/debugfs.in" "$1" >/dev/null 2>"$work/debugfs.err"
  ! grep -v '^debugfs ' "$work/debugfs.err" >&2 || fail "debugfs did not like $1"
}

# new_image FILE MIB: an empty disk; holes take no room
new_image() {
  rm -f "$1"
  truncate -s "$2M" "$1"
}

# mbr_disk IMAGE MIB ID: one active Linux partition over the whole disk
mbr_disk() {
  new_image "$1" "$2"
  printf 'label: dos\nlabel-id: %s\nstart=2048, type=83, bootable\n' "$3" | sfdisk -q "$1"
}

# bios_guest NAME MIB UUID: the guest's tree on a disk that starts with GRUB in the MBR
bios_guest() {
  local image=$work/$1.raw
  mbr_disk "$image" "$2" "0x${3:0:8}"
  mkdir -p "$work/$1/boot/grub/i386-pc"
  grub-mkimage -d "$grub_bios" -O i386-pc -p '(hd0,msdos1)/boot/grub' -o "$work/$1/boot/grub/i386-pc/core.img" \
    biosdisk part_msdos "${grub_modules[@]}"
  make_ext4 "$image" 1 $(($2 - 1)) "$3" "$1" "$work/$1"
  dd if="$grub_bios/boot.img" of="$image" bs=440 count=1 conv=notrunc status=none
  dd if="$work/$1/boot/grub/i386-pc/core.img" of="$image" bs=512 seek=1 conv=notrunc status=none
}

# efi_guest NAME MIB UUID: the guest's tree on a GPT disk with an EFI system partition of 64 MiB
efi_guest() {
  local image=$work/$1.raw esp_sectors=$((64 * 2048)) root=$(($2 - 66))
  local esp=$image@@1M
  new_image "$image" "$2"
  sfdisk -q "$image" <<END
label: gpt
label-id: ${3:0:35}f
start=2048, size=$esp_sectors, type=uefi, name=ESP, uuid=${3:0:35}1
size=$((root * 2048)), type=linux, name=root, uuid=${3:0:35}2
END
  mkdir -p "$work/$1/boot/efi"
  make_ext4 "$image" 65 "$root" "$3" "$1" "$work/$1"
  # GRUB finds its menu by the root file system's UUID, so it does not mind which disk it is on.
  # shellcheck disable=SC2016 # $root and $prefix are GRUB's
  printf 'search --no-floppy --fs-uuid --set=root %s\nset prefix=($root)/boot/grub\nconfigfile $prefix/grub.cfg\n' \
    "$3" >"$work/$1.cfg"
  grub-mkimage -d "$grub_efi" -O x86_64-efi -p /boot/grub -c "$work/$1.cfg" -o "$work/$1.efi" \
    part_gpt part_msdos fat boot all_video "${grub_modules[@]}"
  mformat -i "$esp" -F -v ESP -T "$esp_sectors" -h 64 -s 32 -H 2048 -N "${3:0:8}" ::
  mmd -i "$esp" ::/EFI ::/EFI/BOOT ::/EFI/debian
  mcopy -i "$esp" "$work/$1.efi" ::/EFI/BOOT/BOOTX64.EFI
  mcopy -i "$esp" "$work/$1.efi" ::/EFI/debian/grubx64.efi
}

# vmdk IMAGE FILE SUBFORMAT HARDWARE_VERSION: converts a raw disk and notes the figures descriptors need
vmdk() {
  local file=$work/estate/$2 name=${2##*/}
  qemu-img convert -q -f raw -O vmdk -o "subformat=$3,adapter_type=lsilogic,hwversion=$4,toolsversion=12325" "$1" "$file"
  capacity_of[$name]=$(stat -c %s "$1")
  populated_of[$name]=$(qemu-img map --output=json -f vmdk "$file" |
    awk '/"data": true/ { gsub(/,/, ""); for (i = 1; i < NF; i++) if ($i == "\"length\":") sum += $(i + 1) } END { printf "%.0f", sum }')
  settle_descriptor "$file"
  rm -f "$1"
}

# qemu-img picks the content id at random; the file's name gives one that stays. The descriptor is text
# inside of a sparse VMDK, where its header says, or the whole of a file beside flat or split extents.
# There qemu-img fills the file up with NUL bytes, which VMware does not.
settle_descriptor() {
  local file=$1 text=$work/descriptor id start sectors
  id=$(printf '%08x' "$(basename "$file" | cksum | cut -d ' ' -f 1)")
  if head -c 6 "$file" | grep -q '^# Disk'; then
    tr -d '\0' <"$file" | sed "s/^CID=.*/CID=$id/" >"$text"
    cp "$text" "$file"
  else
    read -r start sectors < <(od -A n -t u8 -j 28 -N 16 "$file")
    dd if="$file" bs=512 skip="$start" count="$sectors" status=none | tr -d '\0' | sed "s/^CID=.*/CID=$id/" >"$text"
    truncate -s $((sectors * 512)) "$text"
    dd if="$text" of="$file" bs=512 seek="$start" conv=notrunc status=none
  fi
}

# --- descriptors --------------------------------------------------------------------------------------

# figure KIND DISK: what a placeholder @KIND:DISK@ in a descriptor stands for
figure() {
  local name=${2##*/}
  case $1 in
    SIZE) stat -c %s "$2" ;;
    CAPACITY) echo "${capacity_of[$name]}" ;;
    CAPACITY_MIB) echo $((capacity_of[$name] / 1048576)) ;;
    POPULATED) echo "${populated_of[$name]}" ;;
    *) fail "unknown placeholder @$1:$name@" ;;
  esac
}

# descriptor TEMPLATE FOLDER: fills the placeholders in; the disks stand in FOLDER already
descriptor() {
  local text folder=$work/estate/$2
  text=$(<"$here/descriptors/$1")
  while [[ $text =~ @([A-Z_]+):([^@ ]+)@ ]]; do
    text=${text//"${BASH_REMATCH[0]}"/$(figure "${BASH_REMATCH[1]}" "$folder/${BASH_REMATCH[2]}")}
  done
  printf '%s\n' "$text" >"$folder/$1"
}

# manifest FOLDER NAME SHA1|SHA256: NAME.mf for NAME.ovf and the disks
manifest() {
  local folder=$work/estate/$1 file
  for file in "$2.ovf" "$folder"/*.vmdk; do
    file=${file##*/}
    printf '%s(%s)= %s\n' "$3" "$file" "$("${3,,}sum" <"$folder/$file" | cut -d ' ' -f 1)"
  done >"$folder/$2.mf"
}

# --- the samples --------------------------------------------------------------------------------------

cdrom_line='/dev/sr0 /media/cdrom0 udf,iso9660 user,noauto 0 0'

build_web01() {
  local uuid=7a1c9e52-4b0d-4f6e-9a37-5d2be8c10010
  mkdir "$work/estate/web01"
  guest_tree web01 $uuid
  printf '/dev/sda1 / ext4 errors=remount-ro 0 1\n%s\n' "$cdrom_line" >"$work/web01/etc/fstab"
  add_nic web01 ens192 00:50:56:8a:10:01 192.0.2.10 192.0.2.1
  add_nic web01 ens224 00:50:56:8a:10:02 198.51.100.10
  add_open_vm_tools web01
  bios_guest web01 128 $uuid
  vmdk "$work/web01.raw" web01/web01-disk1.vmdk streamOptimized 20
  descriptor web01.ovf web01
  manifest web01 web01 SHA256
}

build_gateway() {
  local uuid=2f8d6b30-93c4-4e1a-8d75-c06a4fb10020 folder=$work/estate/gateway
  mkdir "$folder"
  guest_tree gateway $uuid
  printf '/dev/sda2 / ext4 errors=remount-ro 0 1\n/dev/sda1 /boot/efi vfat umask=0077 0 1\n%s\n' "$cdrom_line" \
    >"$work/gateway/etc/fstab"
  add_nic gateway ens192 00:50:56:8a:20:01 192.0.2.1 192.0.2.254
  add_open_vm_tools gateway
  efi_guest gateway 256 $uuid
  vmdk "$work/gateway.raw" gateway/gateway-disk1.vmdk streamOptimized 15
  descriptor gateway.ovf gateway
  manifest gateway gateway SHA1
  tar --format=ustar --owner=0 --group=0 --numeric-owner --mode=0644 --mtime="@$SOURCE_DATE_EPOCH" -C "$folder" \
    -cf "$work/estate/gateway.ova" gateway.ovf gateway.mf gateway-disk1.vmdk
  rm -r "$folder"
}

# The vApp's disks hold data only: one partition with the files of a Debian package.
build_shop() {
  mkdir "$work/estate/shop"
  mbr_disk "$work/shop-db.raw" 96 0x5d0b0001
  make_ext4 "$work/shop-db.raw" 1 95 5d0b0001-66a2-4b1f-9c3e-7f10b2c30030 shop-db "$work/packages/mariadb-server-core"
  vmdk "$work/shop-db.raw" shop/shop-db-disk1.vmdk streamOptimized 17
  mbr_disk "$work/shop-app.raw" 128 0x5d0b0002
  make_ext4 "$work/shop-app.raw" 1 127 5d0b0002-17e4-4f5a-8b2d-3c9a6e040031 shop-app "$work/packages/python3-django"
  vmdk "$work/shop-app.raw" shop/shop-app-disk1.vmdk streamOptimized 17
  descriptor shop.ovf shop
  manifest shop shop SHA256
}

build_erp() {
  local uuid=c41e07d9-5a2b-4d83-b6f0-9e13a7250040
  mkdir "$work/estate/erp"
  guest_tree erp $uuid
  printf 'UUID=%s / ext4 errors=remount-ro 0 1\nUUID=%s /boot/efi vfat umask=0077 0 1\n%s\n' \
    $uuid C41E-07D9 "$cdrom_line" >"$work/erp/etc/fstab"
  add_nic erp ens192 00:0c:29:e2:3d:4f 192.0.2.30 192.0.2.1
  add_open_vm_tools erp
  efi_guest erp 5120 $uuid
  vmdk "$work/erp.raw" erp/erp.vmdk twoGbMaxExtentSparse 21
  descriptor erp.vmx erp
}

build_files01() {
  local uuid=91b3f4a6-e07c-4c29-a15d-08f6d3420050 data=$work/files01-data
  mkdir "$work/estate/files01" "$data"
  guest_tree files01 $uuid
  mkdir "$work/files01/srv/files"
  printf '/dev/sda1 / ext4 errors=remount-ro 0 1\n/dev/sdb /srv/files ext4 defaults,nofail 0 2\n%s\n' "$cdrom_line" \
    >"$work/files01/etc/fstab"
  add_nic files01 ens33 00:0c:29:8c:41:07 192.0.2.40 192.0.2.1
  add_tarball_tools files01
  bios_guest files01 128 $uuid
  vmdk "$work/files01.raw" files01/files01.vmdk monolithicSparse 13
  # The data disk has no partition table: the file system starts at its first byte.
  cp -a "$work/packages/base-files/usr/share/common-licenses" "$data/licences"
  cp -a "$work/packages/python3-django/usr/lib/python3/dist-packages/django/contrib" "$data/django"
  new_image "$work/files01-data.raw" 256
  make_ext4 "$work/files01-data.raw" 0 256 91b3f4a6-e07c-4c29-a15d-08f6d3420051 files "$data"
  vmdk "$work/files01-data.raw" files01/files01_1.vmdk monolithicFlat 13
  descriptor files01.vmx files01
}

build() {
  local before
  before=$(digest)
  work=$(mktemp -d "$cache/build.XXXXXX")
  mkdir "$work/estate"
  fetch_packages
  say 'unpacking the packages'
  unpack_packages
  say "making the guests' common files (Linux $kernel)"
  build_initramfs
  build_base
  local sample
  for sample in web01 gateway shop erp files01; do
    say "building $sample"
    "build_$sample"
  done
  # Into place only when all is whole.
  [[ ! -e $estate ]] || mv "$estate" "$work/estate.old"
  mv "$work/estate" "$estate"
  write_stamp "$before"
  say "done: $(du -sh "$estate" | cut -f 1) in samples/estate"
}

main() {
  case ${1-} in
    --list-packages) tools | cut -d ' ' -f 2 | sort -u && return ;;
    '') ;;
    *) fail "unknown option $1; the only one is --list-packages" ;;
  esac
  [[ $(dpkg --print-architecture 2>/dev/null) == amd64 ]] || {
    echo 'samples/build.sh: the samples can be built on a Debian-like system for amd64 only' >&2
    exit 2
  }
  mkdir -p "$cache"
  # One build at a time: a second one waits, and then finds nothing to do.
  exec 9>"$cache/lock"
  flock 9
  up_to_date && say 'samples/estate is up to date' && return
  check_tools
  rm -rf "$cache"/build.* # left by a build that was killed
  trap '[[ -z $work ]] || rm -rf "$work"' EXIT
  trap 'exit 130' INT TERM HUP
  build
}

main "$@"
