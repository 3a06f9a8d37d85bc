import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import {
  renameMachine,
  retrieve,
  retrieveOne,
  type VsphereClient,
  watchUpdates,
} from '../../../src/vsphere/index.js';
import { failureOf } from '../../support/failure.js';
import { type SimulatedVcenter, startVcenter } from '../../support/simulated-vcenter.js';
import { loggedIn } from '../../support/vcenter-caller.js';
import { createMachines, type MadeMachine } from '../../support/vcenter-machines.js';
import { connectedTo } from '../../support/vsphere-access.js';

const NAMES = Array.from({ length: 23 }, (_, at) => `vm "${at}" <ä&>`);
const NONE = { type: '', value: '' };
const MACHINES = { type: 'VirtualMachine', properties: ['name'] };

let vcenter: SimulatedVcenter;
let client: VsphereClient;
let machines: MadeMachine[];

beforeAll(async () => {
  vcenter = await startVcenter({ pageCap: 5 });
  machines = await createMachines(
    vcenter,
    await loggedIn(vcenter),
    NAMES.map((name) => ({ name })),
  );
});
beforeEach(async () => {
  client = await connectedTo(vcenter);
});
afterAll(() => vcenter.close());

describe('properties', () => {
  it('of all objects come in the pages that the server makes', async () => {
    const pages: unknown[][] = [];
    for await (const page of retrieve(client, MACHINES)) {
      pages.push(page.map(({ properties }) => properties.name));
    }
    expect(pages.map(({ length }) => length)).toEqual([5, 5, 5, 5, 3]);
    expect(pages.flat().toSorted()).toEqual(NAMES.toSorted());
  });

  it('come of each object once, although sessions end between the pages', async () => {
    const names: unknown[] = [];
    for await (const page of retrieve(client, MACHINES)) {
      names.push(...page.map(({ properties }) => properties.name));
      if (names.length < 20) await vcenter.fault({ kind: 'dropSessions' });
    }
    expect(names.toSorted()).toEqual(NAMES.toSorted());
  });

  it('come of each object once, although others open a new session between the pages', async () => {
    const names: unknown[] = [];
    for await (const page of retrieve(client, MACHINES)) {
      names.push(...page.map(({ properties }) => properties.name));
      if (names.length > 10) continue;
      await vcenter.fault({ kind: 'dropSessions' });
      for await (const _page of retrieve(client, { ...MACHINES, type: 'HostSystem' }));
    }
    expect(names.toSorted()).toEqual(NAMES.toSorted());
  });

  it('are given up when each session ends at once', async () => {
    await vcenter.fault({
      kind: 'fail',
      method: 'CreateContainerView',
      fault: 'NotAuthenticated',
      times: -1,
    });
    const asking = (async () => {
      for await (const _page of retrieve(client, MACHINES));
    })();
    await expect(asking).rejects.toMatchObject({ code: 'VSPHERE_LOGIN' });
    await vcenter.fault({ kind: 'clear' });
  });

  it('that an object does not have are not there; those of a wrong name are a fault', async () => {
    const [machine] = machines;
    const objects = [machine?.ref ?? NONE];
    for await (const [object] of retrieve(client, { objects, properties: ['name', 'snapshot'] })) {
      expect(object?.properties).toEqual({ name: NAMES[0] });
    }
    const failure = await failureOf(retrieveOne(client, machines[0]?.ref ?? NONE, ['nonsense']));
    expect(failure).toMatchObject({ code: 'VSPHERE_FAULT', fault: 'InvalidProperty' });
  });
});

describe('updates', () => {
  it('tell of all objects, then of what changes, and of all again in a new session', async () => {
    const known = new Map<string, unknown>();
    const [machine] = machines;
    if (machine === undefined) throw new Error('no machine');
    const seen: string[] = [];
    for await (const batch of watchUpdates(client, [MACHINES], { waitSeconds: 0 })) {
      for (const { ref, properties } of batch.objects) known.set(ref.value, properties.name);
      if (!batch.complete) continue;
      seen.push(`${batch.afresh ? 'all' : 'changes'}: ${batch.objects.length}`);
      if (seen.length === 1) await renameMachine(client, machine.ref, 'renamed');
      if (seen.length === 2) expect(known.get(machine.ref.value)).toBe('renamed');
      if (seen.length === 3) await vcenter.fault({ kind: 'dropSessions' });
      if (seen.length === 4) break;
    }
    await renameMachine(client, machine.ref, machine.name);
    expect(seen).toEqual(['all: 23', 'changes: 1', 'changes: 0', 'all: 23']);
    expect(known.size).toBe(23);
  });
});
