import { describe, expect, it } from 'vitest';
import { inspectWindows } from '../../../../src/guests/inspection/windows.js';
import { makeHive } from '../../../support/hive-maker.js';
import { MemoryFiles } from '../../../support/memory-files.js';
import { windowsGuest } from '../../../support/windows-guests.js';

describe('a Windows guest', () => {
  it.each([
    ['7', 'Windows 7 Professional', '6.1.7601', 'i386'],
    ['8', 'Windows 8 Pro', '6.2.9200', 'x86_64'],
    ['2012', 'Windows Server 2012 Standard', '6.2.9200', 'x86_64'],
    ['2016', 'Windows Server 2016 Standard', '10.0.14393', 'x86_64'],
    ['11', 'Windows 11 Pro', '10.0.22631', 'x86_64'],
  ] as const)('is %s: %s', async (release, title, version, architecture) => {
    const { guest } = await windowsGuest(release);
    expect(guest).toMatchObject({ family: 'windows', distribution: 'windows', title, version, architecture });
  });

  it('is none where nothing tells it', async () => {
    const files = new MemoryFiles({ '/etc/debian_version': '12\n' }, { foldsCase: true });
    expect(await inspectWindows(files, 'bios', [], [])).toBeNull();
  });

  it('is refused on a dynamic disk, which a GPT disk is not', async () => {
    const system = makeHive({
      Select: { Current: 1 },
      ControlSet001: {},
      MountedDevices: { '\\DosDevices\\C:': Buffer.from(`DMIO:ID:${'x'.repeat(16)}`) },
    });
    const tree = { '/Windows/System32/config/SYSTEM': system };
    await expect(windowsGuest('2016', {}, tree)).rejects.toMatchObject({ code: 'GUEST_REFUSED' });
    await windowsGuest('2016', { firmware: 'efi' }, tree);
  });

  it('that is a domain controller says so', async () => {
    const system = makeHive({
      Select: { Current: 1 },
      'ControlSet001\\Control\\ProductOptions': { ProductType: 'LanmanNT' },
    });
    const { guest } = await windowsGuest('2016', {}, { '/Windows/System32/config/SYSTEM': system });
    expect(guest.title).toBe('Windows Server 2016 Standard, domain controller');
  });
});
