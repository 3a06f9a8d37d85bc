import { describe, expect, it } from 'vitest';
import type { LiveMove, SourceChange } from '../../../../src/model/live.js';
import type { VirtualMachine } from '../../../../src/model/virtual-machine.js';
import { livePolicy, plannedLive } from '../../../../src/planning/live/planned-live.js';
import type { Migration } from '../../../../src/planning/migration-file/schema.js';
import { testDisk, testMachine } from '../../../support/machines.js';

const SERVER = { url: 'https://vc', user: 'u', password: { environment: 'P' }, tlsFingerprints: [] };

function planned(
  powerState: 'on' | 'off' | 'suspended',
  live: NonNullable<Migration['live']>,
  facts: Partial<VirtualMachine> = {},
) {
  const source = { kind: 'vsphere', descriptor: 'vm-1', server: SERVER } as const;
  const machine = testMachine({
    name: 'web',
    powerState,
    objectId: 'vm-1',
    source: { ...testMachine().source, ...source },
    ...facts,
  });
  return plannedLive(machine, livePolicy({ live }), {}, { kind: 'vhd' });
}

describe('the plan of a live machine', () => {
  it.each<[state: 'on' | 'off', live: NonNullable<Migration['live']>, changes: readonly SourceChange[]]>([
    ['off', {}, []],
    ['off', { move: 'copy' }, []],
    ['on', {}, ['shutDown']],
    ['on', { shutDown: { minutes: 1, otherwise: 'powerOff' } }, ['shutDown', 'powerOff']],
    ['on', { move: 'copy' }, ['snapshot']],
    ['off', { afterwards: { rename: '{name} old', disconnect: true } }, ['rename', 'disconnect']],
  ])('lists what is done to one that is %s with %j', (state, live, changes) => {
    const [denied, allowed] = [planned(state, live), planned(state, { ...live, allow: [...changes] })];
    expect(allowed?.live.changes).toEqual(changes);
    expect(allowed?.concerns).toEqual([]);
    expect(denied?.concerns.map(({ id, severity }) => [id, severity])).toEqual(
      changes.length === 0 ? [] : [['PLAN_SOURCE_CHANGE', 'critical']],
    );
  });

  it('has VDDK read over the network unless told otherwise, and only where it is wanted', () => {
    const vddk = { library: '/opt/vddk' };
    const settings = { library: '/opt/vddk', plugin: null, transports: 'nbdssl:nbd' };
    expect(livePolicy({ live: { read: 'vddk', vddk } }).vddk).toEqual(settings);
    expect(livePolicy({ live: { vddk } }).vddk).toBeNull();
    expect(() => livePolicy({ live: { read: 'vddk' } })).toThrow(/live\.vddk\.library is missing/);
  });

  it('refuses to shut down one that is suspended, which can be copied', () => {
    const cold = planned('suspended', { allow: ['shutDown'] });
    expect(cold?.concerns.map(({ id }) => id)).toEqual(['VSPHERE_SHUTDOWN']);
    expect(planned('suspended', { move: 'copy', allow: ['snapshot'] })?.concerns).toEqual([]);
  });

  const ALLOWED: readonly SourceChange[] = ['snapshot', 'changeTracking', 'shutDown'];
  const VDDK = { read: 'vddk' as const, vddk: { library: '/opt/vddk' } };
  const ids = (
    move: LiveMove,
    facts: Partial<VirtualMachine>,
    state: 'on' | 'off' = 'on',
    more: NonNullable<Migration['live']> = {},
  ) =>
    planned(state, { move, allow: [...ALLOWED], ...more }, facts)
      ?.concerns.map(({ id }) => id)
      .filter((id) => id !== 'PLAN_WARM_TARGET');

  it.each([
    ['independent', { mode: 'independent_persistent' as const }],
    ['independent and forgetting', { mode: 'independent_nonpersistent' as const }],
    ['a LUN', { rawDevice: 'virtual' as const }],
    ['shared', { shared: true }],
  ])('refuses to read a disk that is %s from a snapshot, and moves it cold', (_, disk) => {
    const disks = [testDisk(), testDisk(disk)];
    expect(ids('warm', { disks })).toEqual(['PLAN_NO_SNAPSHOT']);
    expect(ids('copy', { disks })).toEqual(['PLAN_NO_SNAPSHOT']);
    expect(ids('cold', { disks })).toEqual([]);
    expect(ids('warm', { disks }, 'off')).toEqual([]);
  });

  it('refuses to move one warm that has snapshots, but for what a killed run has left', () => {
    const named = (name: string) => ({ snapshots: [{ name, createdAt: null, withMemory: false }] });
    expect(ids('warm', named('before the update'))).toEqual(['PLAN_WARM_SNAPSHOTS']);
    expect(ids('copy', named('before the update'))).toEqual([]);
    expect(ids('warm', named('before the update'), 'on', VDDK)).toEqual([]);
    expect(ids('warm', named('xenferry 0a1b2c3d-7 1795485600000'))).toEqual([]);
  });
});
