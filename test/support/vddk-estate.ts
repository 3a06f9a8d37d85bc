import { mkdtempSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { type SimulatedPool, startPool } from '../simulators/xapi-pool/index.js';
import { type LiveMigration, liveMigration } from './live-batch.js';
import { simulatedVcenter } from './simulated-vcenter.js';
import { simulatedVddk } from './simulated-vddk.js';
import { loggedIn } from './vcenter-caller.js';
import { createMachines, type MachineSpec } from './vcenter-machines.js';
import { POOL_CERTIFICATE } from './xapi-caller.js';

/** A snapshot that is not ours. */
const OWN_SNAPSHOT = '<name>mine</name><memory>false</memory><quiesce>false</quiesce>';

/** A vCenter until the test ends, whose disks are read through VDDK. `folder`: for all cases. */
export async function vddkEstate(folder: string, specs: readonly MachineSpec[]) {
  const own = mkdtempSync(join(folder, 'case-'));
  const vcenter = await simulatedVcenter({ hostsPerCluster: 2 });
  const caller = await loggedIn(vcenter);
  const machines = await createMachines(vcenter, caller, specs);
  const vddk = simulatedVddk(vcenter, own);
  const of = (name: string) => {
    const machine = machines.find((one) => one.name === name);
    if (machine === undefined) throw new Error(`no machine ${name}`);
    return machine;
  };
  return {
    own,
    out: join(own, 'out'),
    vcenter,
    caller,
    of,
    vddk,
    takeOwnSnapshot: (name: string) => caller.task('CreateSnapshot_Task', of(name).ref, OWN_SNAPSHOT),
    migration: (live: object, more: Partial<LiveMigration> = {}) =>
      liveMigration({ folder: own, vcenter, target: 'out', live: { read: 'vddk', vddk, ...live }, ...more }),
  };
}

/** A pool until the test ends, and what it has of the first disk of a machine. */
export async function poolForDisks() {
  const pool: SimulatedPool = await startPool({
    certificate: POOL_CERTIFICATE,
    timings: { loginDelayMs: 0 },
    repositories: [{ name: 'Local', type: 'ext', size: 2 ** 40 }],
    networks: ['VM Network'],
  });
  onTestFinished(() => pool.close());
  return {
    pool,
    diskOf: (name: string) => {
      const vm = pool.objects.named('VM', name);
      const vbds = pool.objects.all('VBD');
      const disk = vbds.find((vbd) => vbd.text('VM') === vm.ref && vbd.text('type') === 'Disk');
      return readFileSync(pool.vdiFile(disk?.text('VDI') ?? ''));
    },
  };
}

/** The command lines of the nbdkits that use a library. */
export function nbdkitsWith({ library }: { readonly library: string }): string[] {
  return commandLines().filter((line) => line.startsWith('nbdkit\0') && line.includes(library));
}

/** Of all processes, with a zero behind each argument. */
export function commandLines(): string[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map((pid) => {
      try {
        return readFileSync(`/proc/${pid}/cmdline`, 'utf8');
      } catch {
        // It has ended.
        return '';
      }
    });
}
