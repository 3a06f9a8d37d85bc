import { posix } from 'node:path';
import type { GuestFiles } from '../../../files/guest-files.js';
import { exists, firstExisting } from '../text-files.js';
import { bootEntries, natural } from './boot-entries.js';

/** A kernel the guest can start, with its files as paths of the guest. */
export interface BootableKernel {
  /** As its folder in `/lib/modules` is called; null when it has none. */
  readonly version: string | null;
  readonly kernel: string;
  /** Null when it starts without one, or when the file is missing. */
  readonly initramfs: string | null;
}

const MAX_LINKS = 8;

/** The kernels of the boot loaders, the default first, each initramfs once; without a loader those in /lib/modules. */
export async function bootableKernels(files: GuestFiles): Promise<readonly BootableKernel[]> {
  const found: BootableKernel[] = [];
  for (const { kernel, initrds } of await bootEntries(files)) {
    const place = await locate(files, kernel);
    if (place === null) continue;
    const version = await kernelVersion(files, place);
    const named = initrds.find((path) => version !== null && path.includes(version)) ?? initrds.at(-1);
    const initramfs = named === undefined ? null : await locate(files, named);
    found.push({ version, kernel: place, initramfs });
  }
  return unique(found.length > 0 ? found : await installedKernels(files));
}

async function installedKernels(files: GuestFiles): Promise<BootableKernel[]> {
  const found: BootableKernel[] = [];
  for (const version of [...(await files.list('/lib/modules'))].sort(natural).reverse()) {
    const kernel = await firstExisting(files, [`/boot/vmlinuz-${version}`, `/boot/vmlinux-${version}`]);
    if (kernel === null) continue;
    const initramfs = await firstExisting(files, [
      `/boot/initrd.img-${version}`,
      `/boot/initramfs-${version}.img`,
      `/boot/initrd-${version}`,
      `/boot/initrd-${version}.img`,
    ]);
    found.push({ version, kernel, initramfs });
  }
  return found;
}

function unique(kernels: readonly BootableKernel[]): BootableKernel[] {
  const seen = new Map<string, BootableKernel>();
  for (const kernel of kernels) {
    const key = `${kernel.kernel}\n${kernel.initramfs}`;
    if (!seen.has(key)) seen.set(key, kernel);
  }
  return [...seen.values()];
}

/** A loader's path is one on its own partition, which the guest may have at /boot, or one of btrfs' subvolumes. */
async function locate(files: GuestFiles, path: string): Promise<string | null> {
  const clean = posix.normalize(`/${path.replace(/^\$\w+|^\(\$?\w*\)/, '')}`);
  const base = posix.basename(clean);
  if (base === '') return null;
  return firstExisting(files, [clean, `/boot${clean}`, `/boot/efi${clean}`, `/boot/${base}`]);
}

/** By name, through links such as SUSE's `/boot/vmlinuz`. */
async function kernelVersion(files: GuestFiles, path: string): Promise<string | null> {
  let place = path;
  for (let links = 0; links < MAX_LINKS; links++) {
    const version = posix.basename(place).replace(/^(?:vmlinu[xz]|kernel|linux|bzImage|Image)-/, '');
    if (await exists(files, `/lib/modules/${version}`)) return version;
    const folder = posix.basename(posix.dirname(place));
    if (folder !== 'boot' && folder !== '' && (await exists(files, `/lib/modules/${folder}`))) return folder;
    const target = (await files.entry(place))?.target;
    if (target === undefined || target === null) return null;
    place = posix.resolve(posix.dirname(place), target);
  }
  return null;
}
