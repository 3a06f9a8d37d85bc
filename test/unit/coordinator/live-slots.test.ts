import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { LiveServers } from '../../../src/coordinator/live/live-servers.js';
import { Slots } from '../../../src/coordinator/live/slots.js';
import { withSnapshotSlots } from '../../../src/coordinator/live/snapshot-slots.js';
import type { SourceMachine } from '../../../src/coordinator/live/source-machine.js';
import { VsphereClient } from '../../../src/vsphere/vsphere-client.js';

const { signal: never } = new AbortController();

describe('slots of a name', () => {
  it('are never held by more than there are, and all are served', async () => {
    const wish = fc.record({
      name: fc.constantFrom('esx01', 'esx02'),
      count: fc.integer({ min: 1, max: 12 }),
    });
    await fc.assert(
      fc.asyncProperty(fc.array(wish, { maxLength: 40 }), async (wishes) => {
        const slots = new Slots(8);
        const held = new Map<string, number>();
        let served = 0;
        const all = wishes.map(({ name, count }) =>
          slots.hold(name, count, never, async () => {
            const taken = Math.min(count, 8);
            held.set(name, (held.get(name) ?? 0) + taken);
            expect(held.get(name)).toBeLessThanOrEqual(8);
            await new Promise((resolve) => setImmediate(resolve));
            held.set(name, (held.get(name) ?? 0) - taken);
            served++;
          }),
        );
        await Promise.all(all);
        expect(served).toBe(wishes.length);
      }),
    );
  });

  it('are given to who came first, also when one before gives up waiting', async () => {
    const slots = new Slots(2);
    const order: string[] = [];
    const { promise: first, resolve: end } = gate();
    const impatient = new AbortController();
    const running = slots.hold('esx01', 2, never, () => first);
    const tired = slots.hold('esx01', 2, impatient.signal, async () => {
      order.push('tired');
    });
    const small = slots.hold('esx01', 1, never, async () => {
      order.push('small');
    });
    impatient.abort(new Error('enough'));
    await expect(tired).rejects.toThrow('enough');
    expect(order).toEqual([]);
    end();
    await Promise.all([running, small]);
    expect(order).toEqual(['small']);
  });
});

describe('snapshots', () => {
  it('stand on a datastore fifteen at a time at most, wherever the disks of their machines lie', async () => {
    const login = { user: 'u', password: 'p', tlsFingerprints: [] };
    const clients = ['one', 'two'].map(
      (name) => new VsphereClient({ url: `https://${name}.example`, ...login }),
    );
    const wish = fc.record({
      server: fc.constantFrom(...clients),
      datastores: fc.array(fc.constantFrom('fast', 'slow', 'old'), { minLength: 1, maxLength: 4 }),
    });
    try {
      await fc.assert(
        fc.asyncProperty(fc.array(wish, { minLength: 60, maxLength: 80 }), async (wishes) => {
          const context = { liveServers: new LiveServers(), signal: never };
          const stand = new Map<string, number>();
          let largest = 0;
          let taken = 0;
          const all = wishes.map(({ server, datastores }) =>
            withSnapshotSlots(context, server, machineOn(datastores), async () => {
              const places = [...new Set(datastores)].map((name) => `${server.shown} ${name}`);
              for (const place of places) stand.set(place, (stand.get(place) ?? 0) + 1);
              largest = Math.max(largest, ...stand.values());
              await new Promise((resolve) => setImmediate(resolve));
              for (const place of places) stand.set(place, (stand.get(place) ?? 0) - 1);
              taken += 1;
            }),
          );
          await Promise.all(all);
          expect(largest).toBeLessThanOrEqual(15);
          expect(taken).toBe(wishes.length);
        }),
        { numRuns: 20 },
      );
    } finally {
      for (const client of clients) await client.close();
    }
  });

  it('stand on another datastore while one has as many as it may', async () => {
    const client = new VsphereClient({
      url: 'https://vc.example',
      user: 'u',
      password: 'p',
      tlsFingerprints: [],
    });
    const context = { liveServers: new LiveServers(), signal: never };
    const { promise: end, resolve } = gate();
    const full = Array.from({ length: 15 }, () =>
      withSnapshotSlots(context, client, machineOn(['fast']), () => end),
    );
    const order: string[] = [];
    const take = (datastore: string) =>
      withSnapshotSlots(context, client, machineOn([datastore]), async () => {
        order.push(datastore);
      });
    const late = take('fast');
    await take('slow');
    resolve();
    await Promise.all([...full, late]);
    await client.close();
    expect(order).toEqual(['slow', 'fast']);
  });
});

function machineOn(datastores: readonly string[]): SourceMachine {
  return {
    name: 'web',
    powerState: 'poweredOn',
    connected: true,
    changeTracking: false,
    consolidationNeeded: false,
    host: null,
    datastores: [],
    tasks: [],
    disks: datastores.map((datastore, key) => ({
      key,
      capacityBytes: 1,
      file: { datastore, path: `web/${key}.vmdk` },
      changeId: null,
      layered: false,
    })),
    snapshots: [],
  };
}

function gate(): { readonly promise: Promise<void>; readonly resolve: () => void } {
  let resolve = () => {};
  const promise = new Promise<void>((settle) => {
    resolve = settle;
  });
  return { promise, resolve };
}
