import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { emptyFile, makeFileSystem, partition, putFile, tool } from './guest-disks.js';
import { type WindowsRelease, windowsGuest } from './windows-guests.js';

/** Where the system volume and the EFI partition of the disk stand, in MiB. */
const SYSTEM_VOLUME = { at: 1, size: 64 } as const;
const EFI_PARTITION = { at: 65, size: 40 } as const;

/** What Windows lets nobody but the system and administrators change. */
export interface WindowsDisk {
  /** Absolute path of a raw file. */
  readonly raw: string;
  /** Security descriptor of its files, in hexadecimal. */
  readonly rights: string;
}

/** A disk with an EFI partition and an NTFS that holds real hives and stubs of drivers; needs FUSE. */
export async function windowsDisk(folder: string, release: WindowsRelease): Promise<WindowsDisk> {
  const raw = await emptyFile(join(folder, 'disk.raw'), 108);
  await partition(raw, 'label: gpt\nstart=1MiB, size=64MiB\nstart=65MiB, size=40MiB, type=U\n');
  const part = await emptyFile(join(folder, 'part'), SYSTEM_VOLUME.size);
  await makeFileSystem('mkntfs', ['-q', '-F', part]);
  const mnt = join(folder, 'mnt');
  await mkdir(mnt);
  await makeFileSystem('ntfs-3g', [part, mnt]);
  const { files: model } = await windowsGuest(release);
  for (const [path, content] of Object.entries(model.tree())) {
    await mkdir(dirname(join(mnt, path)), { recursive: true });
    await writeFile(join(mnt, path), content, 'latin1');
  }
  const rights = await rightsOf(mnt);
  for (const path of ['Windows', 'Windows/System32/config/SYSTEM'])
    await tool('setfattr', ['-n', 'system.ntfs_acl', '-v', rights, join(mnt, path)]);
  await tool('umount', [mnt]);
  await putFile(raw, SYSTEM_VOLUME.at, part);
  const esp = await emptyFile(join(folder, 'esp.img'), EFI_PARTITION.size);
  await makeFileSystem('mformat', ['-i', esp, '-F', '::']);
  await makeFileSystem('mmd', ['-i', esp, '::/EFI', '::/EFI/Microsoft', '::/EFI/Microsoft/Boot']);
  const loader = join(folder, 'bootmgfw.efi');
  await writeFile(loader, 'loader');
  await makeFileSystem('mcopy', ['-i', esp, loader, '::/EFI/Microsoft/Boot/bootmgfw.efi']);
  await putFile(raw, EFI_PARTITION.at, esp);
  return { raw, rights };
}

/** A security descriptor in hexadecimal. */
export async function rightsOf(path: string): Promise<string> {
  const { stdout } = await tool('getfattr', ['--absolute-names', '-e', 'hex', '-n', 'system.ntfs_acl', path]);
  return /0x[0-9a-f]+/.exec(stdout)?.[0] ?? '';
}
