import { describe, expect, it } from 'vitest';
import { fixup, runTwice } from '../../../support/run-fixups.js';
import { registry, windowsGuest } from '../../../support/windows-guests.js';

const SET = 'ControlSet002';
const ZERO = 'dword:00000000';
const FOUR = 'dword:00000004';

describe('the drivers of the boot disk', () => {
  it('of Windows 7 load at boot and are in the critical device database', async () => {
    const windows = await windowsGuest('7');
    await runTwice('windows/storage-drivers', windows);
    const system = await registry(windows.files, 'SYSTEM');
    for (const name of ['intelide', 'pciide', 'atapi'])
      expect(system[`${SET}\\Services\\${name}`]).toMatchObject({ Start: ZERO });
    const device = system[`${SET}\\Control\\CriticalDeviceDatabase\\pci#ven_8086&dev_7010`];
    expect(device).toMatchObject({ Service: 'str(1):"intelide"' });
    expect(system['ControlSet001\\Services\\intelide']).toMatchObject({ Start: 'dword:00000003' });
    expect(system[`${SET}\\Control\\CrashControl`]).toMatchObject({ AutoReboot: ZERO });
    expect(system[`${SET}\\Control\\Session Manager\\Power`]).toBeUndefined();
  });

  it.each(['8', '2012', '2016', '11'] as const)('of Windows %s are not overridden', async (release) => {
    const windows = await windowsGuest(release);
    await runTwice('windows/storage-drivers', windows);
    const system = await registry(windows.files, 'SYSTEM');
    expect(system[`${SET}\\Services\\atapi\\StartOverride`]).toEqual({ '0': ZERO });
    expect(system[`${SET}\\Control\\CriticalDeviceDatabase`]).toBeUndefined();
    expect(system[`${SET}\\Services\\partmgr\\Parameters`]).toEqual({ SanPolicy: 'dword:00000001' });
    expect(system[`${SET}\\Control\\Session Manager\\Power`]).toEqual({ HiberbootEnabled: ZERO });
  });

  it('are written down key by key, as hivexregedit finds them before and after', async () => {
    const windows = await windowsGuest('2016');
    const before = await registry(windows.files, 'SYSTEM');
    const { registry: changes } = await runTwice('windows/storage-drivers', windows);
    const after = await registry(windows.files, 'SYSTEM');
    const names = (keys: Record<string, Record<string, string>>) =>
      Object.entries(keys).flatMap(([key, values]) =>
        Object.entries(values).map(([name, value]) => `SYSTEM\\${key}\\${name}\t${value}`),
      );
    const known = new Set(names(before));
    const differing = names(after).filter((line) => !known.has(line));
    const recorded = changes.flatMap(({ key, value }) => (value === null ? [] : [`${key}\\${value}`]));
    expect(differing.map((line) => line.slice(0, line.indexOf('\t'))).sort()).toEqual([...recorded].sort());
    expect(changes).toContainEqual({
      key: `SYSTEM\\${SET}\\Services\\atapi\\StartOverride`,
      value: '0',
      before: '0x00000003',
      after: '0x00000000',
    });
  });

  it('with UEFI are those of NVMe, and none of Windows 2012', async () => {
    const windows = await windowsGuest('11', { firmware: 'efi' });
    await runTwice('windows/storage-drivers', windows);
    const system = await registry(windows.files, 'SYSTEM');
    expect(system[`${SET}\\Services\\stornvme`]).toMatchObject({ Start: ZERO });
    expect(system[`${SET}\\Services\\stornvme\\StartOverride`]).toEqual({ '0': ZERO });
    await runTwice('windows/storage-drivers', await windowsGuest('2012', { firmware: 'efi' }));
  });

  it.each([
    ['2016', 'bios', 'atapi.sys'],
    ['2016', 'bios', 'pciidex.sys'],
    ['2012r2', 'efi', 'stornvme.sys'],
    ['7', 'bios', 'atapi.sys'],
  ] as const)('of %s with %s refuse the guest without %s', async (release, firmware, driver) => {
    const { files, guest } = await windowsGuest(release, { firmware });
    await files.remove(`/windows/system32/DRIVERS/${driver}`);
    const before = files.changes.length;
    const run = fixup('windows/storage-drivers').run(guest, files, { toolsFolder: null });
    await expect(run).rejects.toMatchObject({
      code: 'GUEST_REFUSED',
      message: expect.stringContaining('0x7B'),
    });
    expect(files.changes).toHaveLength(before);
  });
});

describe('VMware services', () => {
  it('are off, and leave no filter behind; disks of VMware could still be driven', async () => {
    const windows = await windowsGuest('2016');
    await runTwice('windows/vmware-services', windows);
    const system = await registry(windows.files, 'SYSTEM');
    expect(system[`${SET}\\Services\\VMTools`]).toMatchObject({ Start: FOUR });
    expect(system[`${SET}\\Services\\vmci`]).toMatchObject({ Start: FOUR });
    expect(system[`${SET}\\Services\\pvscsi`]).toMatchObject({ Start: ZERO });
    expect(system[`${SET}\\Services\\LSI_SAS`]).toMatchObject({ Start: ZERO });
    expect(system[`${SET}\\Services\\vmhgfs`]).toBeUndefined();
    const mice = system[`${SET}\\Control\\Class\\{4D36E96F-E325-11CE-BFC1-08002BE10318}`];
    expect(mice).toEqual({ UpperFilters: multi('mouclass') });
    expect(system[`${SET}\\Control\\NetworkProvider\\Order`]).toEqual({
      ProviderOrder: 'str(1):"RDPNP,LanmanWorkstation"',
    });
    const software = await registry(windows.files, 'SOFTWARE');
    expect(software['Microsoft\\Windows\\CurrentVersion\\Run']).toEqual({ Other: 'str(1):"x"' });
  });
});

/** REG_MULTI_SZ with one text, as hivexregedit spells it. */
function multi(text: string): string {
  const bytes = Buffer.from(`${text}\0\0`, 'utf16le');
  return `hex(7):${[...bytes].map((byte) => byte.toString(16).padStart(2, '0')).join(',')}`;
}

describe('the EFI boot loader of Windows', () => {
  const fileSystems = [
    { device: '/dev/sda1', type: 'vfat', uuid: null, label: null, mountPoint: '/EFI system partition' },
  ];
  const esp = '/EFI system partition/EFI';

  it('is found by its fallback name', async () => {
    const windows = await windowsGuest(
      '2016',
      { firmware: 'efi', fileSystems },
      { [`${esp}/Microsoft/Boot/bootmgfw.efi`]: 'loader' },
    );
    await runTwice('windows/uefi-fallback', windows);
    expect(await windows.files.text(`${esp}/Boot/bootx64.efi`)).toBe('loader');
  });

  it('that is missing refuses the guest, but not one with BIOS', async () => {
    const { files, guest } = await windowsGuest('2016', { firmware: 'efi', fileSystems });
    const run = fixup('windows/uefi-fallback').run(guest, files, { toolsFolder: null });
    await expect(run).rejects.toMatchObject({ code: 'GUEST_REFUSED' });
    await runTwice('windows/uefi-fallback', await windowsGuest('2016'));
  });
});
