import { describe, expect, it } from 'vitest';
import { GIB } from '../../../../src/model/units.js';
import { UNKNOWN_FEATURES, type VirtualMachine } from '../../../../src/model/virtual-machine.js';
import { lostSettings } from '../../../../src/targets/xapi-pool/lost-settings.js';
import { testDisk, testMachine, testNic, testPlanned } from '../../../support/machines.js';

function notesOf(changes: Partial<VirtualMachine>, planned: Parameters<typeof testPlanned>[1] = {}): string {
  return lostSettings(testPlanned(testMachine(changes), planned)).join('\n');
}

function device(kind: VirtualMachine['devices'][number]['kind'], backing: string | null = null) {
  return { devices: [{ kind, label: `the ${kind}`, connected: true, backing }] };
}

describe('what a VM of Xen has not', () => {
  it('is nothing for a plain machine', () => {
    expect(notesOf({ nics: [testNic()] })).toBe('');
  });

  it.each([
    [{ uuid: '564d0000-0000-0000-0000-000000000000' }, 'The UUID'],
    [{ firmware: 'efi', nvram: 'web.nvram' } as const, "firmware's variables"],
    [{ snapshots: [{ name: 's', createdAt: null, withMemory: false }] }, '1 snapshots'],
    [{ disks: [testDisk(), testDisk({ shared: true })] }, 'Disk 1 is a copy of its own'],
    [{ disks: [testDisk({ rawDevice: 'physical' })] }, 'Disk 0 is a copy of the LUN'],
    [{ disks: [testDisk({ mode: 'independent_nonpersistent' })] }, 'no mode independent_nonpersistent'],
    [{ disks: [testDisk({ mode: 'independent_persistent' })] }, 'Disk 0 is part of snapshots'],
    [{ nics: [testNic({ connected: false })] }, 'Network card 0 was not connected'],
    [{ nics: [testNic({ adapter: 'sriov' })] }, 'without SR-IOV'],
    [{ nics: [testNic({ addresses: ['10.0.0.1', '2001:db8::1'] })] }, 'card 0 keeps 2001:db8::1 only if'],
    [device('serial'), 'the serial is left out'],
    [device('parallel'), 'the parallel is left out'],
    [device('usb'), 'the usb is left out'],
    [device('sound'), 'the sound is left out'],
    [device('floppy'), 'the floppy is left out'],
    [device('gpu'), 'the gpu is left out'],
    [device('pci-passthrough'), 'the pci-passthrough is left out'],
    [device('cdrom', 'setup.iso'), 'setup.iso did not come along'],
    [{ features: { ...UNKNOWN_FEATURES, cpuReservationMhz: 2000 } }, '2000 MHz'],
    [{ features: { ...UNKNOWN_FEATURES, memoryReservationBytes: GIB } }, '1 GiB of memory'],
    [{ features: { ...UNKNOWN_FEATURES, cpuHotAdd: true } }, 'CPUs cannot be added'],
    [{ features: { ...UNKNOWN_FEATURES, hostAffinity: true } }, 'prefers no host'],
    [{ features: { ...UNKNOWN_FEATURES, highAvailability: true } }, 'haPriority'],
    [{ settings: { 'sched.cpu.max': '1000' } }, 'CPU limit'],
    [{ settings: { 'sched.mem.max': '2048' } }, 'memory limit'],
  ])('is told: %o', (changes, told) => {
    expect(notesOf(changes)).toContain(told);
  });

  it('is not told of what the plan gives it', () => {
    expect(notesOf(device('gpu'), { gpuGroup: 'A40' })).toBe('');
    expect(notesOf(device('pci-passthrough'), { pci: ['0000:04:00.0'] })).toBe('');
    expect(notesOf(device('cdrom'))).toBe('');
    const wanted = { highAvailability: true, hostAffinity: true };
    const own = { haPriority: 'restart', homeHost: 'xen1' } as const;
    expect(notesOf({ features: { ...UNKNOWN_FEATURES, ...wanted } }, own)).toBe('');
    // No limit is minus one to VMware.
    expect(notesOf({ settings: { 'sched.mem.max': '-1' } })).toBe('');
  });
});
