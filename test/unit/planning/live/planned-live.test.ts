import { describe, expect, it } from 'vitest';
import type { SourceChange } from '../../../../src/model/live.js';
import { livePolicy, plannedLive } from '../../../../src/planning/live/planned-live.js';
import type { Migration } from '../../../../src/planning/migration-file/schema.js';
import { testMachine } from '../../../support/machines.js';

const SERVER = { url: 'https://vc', user: 'u', password: { environment: 'P' }, tlsFingerprints: [] };

function planned(powerState: 'on' | 'off' | 'suspended', live: NonNullable<Migration['live']>) {
  const source = { kind: 'vsphere', descriptor: 'vm-1', server: SERVER } as const;
  const machine = testMachine({
    name: 'web',
    powerState,
    objectId: 'vm-1',
    source: { ...testMachine().source, ...source },
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
});
