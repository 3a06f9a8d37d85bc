import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { openGuest } from '../../../../src/guests/access/open-guest.js';
import { applyEdits } from '../../../../src/guests/files/apply-edits.js';
import { StagedFiles } from '../../../../src/guests/files/staged-files.js';
import { windowsFixups } from '../../../../src/guests/fixups/windows/index.js';
import { inspectWindows } from '../../../../src/guests/inspection/windows.js';
import { exportHive } from '../../../support/hive-maker.js';
import { testNic } from '../../../support/machines.js';
import { tempFiles } from '../../../support/temp-files.js';
import {
  canMount,
  emptyFile,
  flattened,
  makeFileSystem,
  overlaidVmdk,
  partition,
  putFile,
  tool,
} from '../access/guest-disks.js';
import { windowsGuest } from './guests.js';

const { folder } = tempFiles();
const NICS = [testNic({ mac: '00:50:56:95:08:bb' })];

describe.skipIf(!canMount)('a Windows guest on a disk (needs FUSE)', () => {
  it('has all fixups after they were applied, and a second run finds nothing to do', async () => {
    const raw = await emptyFile(join(folder, 'disk.raw'), 108);
    await partition(raw, 'label: gpt\nstart=1MiB, size=64MiB\nstart=65MiB, size=40MiB, type=U\n');
    const part = await emptyFile(join(folder, 'part'), 64);
    await makeFileSystem('mkntfs', ['-q', '-F', part]);
    const mnt = join(folder, 'mnt');
    await mkdir(mnt);
    await makeFileSystem('ntfs-3g', [part, mnt]);
    const { files: model } = await windowsGuest('2016');
    for (const [path, content] of Object.entries(model.tree())) {
      await mkdir(dirname(join(mnt, path)), { recursive: true });
      await writeFile(join(mnt, path), content, 'latin1');
    }
    const rights = await rightsOf(mnt);
    expect(rights).toMatch(/^0x[0-9a-f]{40}/);
    for (const path of ['Windows', 'Windows/System32/config/SYSTEM'])
      await tool('setfattr', ['-n', 'system.ntfs_acl', '-v', rights, join(mnt, path)]);
    await tool('umount', [mnt]);
    await putFile(raw, 1, part);
    const esp = await emptyFile(join(folder, 'esp.img'), 40);
    await makeFileSystem('mformat', ['-i', esp, '-F', '::']);
    await makeFileSystem('mmd', ['-i', esp, '::/EFI', '::/EFI/Microsoft', '::/EFI/Microsoft/Boot']);
    const loader = join(folder, 'bootmgfw.efi');
    await writeFile(loader, 'loader');
    await makeFileSystem('mcopy', ['-i', esp, loader, '::/EFI/Microsoft/Boot/bootmgfw.efi']);
    await putFile(raw, 65, esp);
    const disk = await overlaidVmdk(raw, folder);

    const counts: number[] = [];
    for (const run of ['first', 'second']) {
      const opened = await openGuest([disk], { workFolder: join(folder, run) });
      const guest = await inspectWindows(opened.files, 'efi', NICS, opened.fileSystems);
      if (guest === null) throw new Error('no Windows was found');
      const staged = new StagedFiles(opened.files);
      for (const fixup of windowsFixups) await fixup.run(guest, staged, { toolsFolder: null });
      const edits = await staged.edits();
      counts.push(edits.length);
      await applyEdits(opened.files, edits, { put: async () => {}, get: async () => null });
      await opened.close();
    }
    expect(counts[0]).toBeGreaterThan(5);
    expect(counts[1]).toBe(0);

    const after = await flattened(disk.overlay, join(folder, 'after.raw'));
    await tool('dd', [`if=${after}`, `of=${part}`, 'bs=1M', 'skip=1', 'count=64']);
    expect((await tool('ntfsfix', ['-n', part])).exitCode).toBe(0);
    await makeFileSystem('ntfs-3g', ['-o', 'ro', part, mnt]);
    const keys = exportHive(await readFile(join(mnt, 'Windows/System32/config/SYSTEM')));
    for (const path of ['System32/config/SYSTEM', 'Xenferry', 'Xenferry/first-boot.cmd'])
      expect(await rightsOf(join(mnt, 'Windows', path))).toBe(rights);
    await tool('umount', [mnt]);
    expect(keys['ControlSet002\\Services\\stornvme']).toMatchObject({ Start: 'dword:00000000' });
    expect(keys['ControlSet002\\Services\\XenferryFirstBoot']).toMatchObject({ Start: 'dword:00000002' });
    const there = await tool('mdir', ['-i', `${after}@@65M`, '-b', '::/EFI/Boot']);
    expect(there.stdout.toLowerCase()).toContain('bootx64.efi');
  });
});

/** A security descriptor in hexadecimal. */
async function rightsOf(path: string): Promise<string> {
  const { stdout } = await tool('getfattr', ['--absolute-names', '-e', 'hex', '-n', 'system.ntfs_acl', path]);
  return /0x[0-9a-f]+/.exec(stdout)?.[0] ?? '';
}
