import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { openGuest } from '../../../../src/guests/access/open-guest.js';
import { applyEdits } from '../../../../src/guests/files/apply-edits.js';
import { StagedFiles } from '../../../../src/guests/files/staged-files.js';
import { windowsFixups } from '../../../../src/guests/fixups/windows/index.js';
import { inspectWindows } from '../../../../src/guests/inspection/windows.js';
import { canMount, flattened, makeFileSystem, overlaidVmdk, tool } from '../../../support/guest-disks.js';
import { exportHive } from '../../../support/hive-maker.js';
import { testNic } from '../../../support/machines.js';
import { tempFiles } from '../../../support/temp-files.js';
import { rightsOf, windowsDisk } from '../../../support/windows-disk.js';

const { folder } = tempFiles();
const NICS = [testNic({ mac: '00:50:56:95:08:bb' })];

describe.skipIf(!canMount)('a Windows guest on a disk (needs FUSE)', () => {
  it('has all fixups after they were applied, and a second run finds nothing to do', async () => {
    const { raw, rights } = await windowsDisk(folder, '2016');
    expect(rights).toMatch(/^0x[0-9a-f]{40}/);
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
    const part = join(folder, 'part');
    const mnt = join(folder, 'mnt');
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
