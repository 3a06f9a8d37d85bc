import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { MIB } from '../../src/model/units.js';
import { startVcenter } from '../support/simulated-vcenter.js';
import { loggedIn } from '../support/vcenter-caller.js';
import { createMachines } from '../support/vcenter-machines.js';
import { measure } from './measure.js';

const SIZE = 5_000;
const MAIN = fileURLToPath(new URL('./xenferry.js', import.meta.url));
const PASSWORD = 'XENFERRY_BENCH_VCENTER';

/** Prints what the inventory of a vCenter with many machines takes, each with two disks, a network card and settings. */
export async function benchInventoryVsphere([size = `${SIZE}`]: readonly string[]): Promise<void> {
  const vcenter = await startVcenter({ hostsPerCluster: 50, pageCap: 100 });
  const folder = mkdtempSync(join(tmpdir(), 'xenferry-bench-'));
  try {
    await createMachines(
      vcenter,
      await loggedIn(vcenter),
      Array.from({ length: Number(size) }, (_, index) => machine(index)),
    );
    const migration = join(folder, 'live.json');
    const { url, user, fingerprint } = vcenter;
    const source = {
      vsphere: url,
      user,
      password: { environment: PASSWORD },
      tlsFingerprints: [fingerprint],
    };
    writeFileSync(migration, JSON.stringify({ version: 1, sources: [source] }));
    process.env[PASSWORD] = vcenter.password;
    const command = ['node', MAIN, 'inventory', '--migration', migration, '--json'];
    const { cpuSeconds, wallSeconds, peakMiB } = measure(command);
    console.log(
      `inventory of ${size} machines: ${cpuSeconds.toFixed(1)} s of CPU, ${wallSeconds.toFixed(1)} s, peak ${peakMiB.toFixed(0)} MiB`,
    );
  } finally {
    await vcenter.close();
    rmSync(folder, { recursive: true });
  }
}

function machine(index: number) {
  const settings = Array.from(
    { length: 60 },
    (_, number) =>
      `<extraConfig><key>setting.${number}.number</key><value xsi:type="xsd:string">value ${index} ${number}</value></extraConfig>`,
  );
  return {
    name: `machine ${index}`,
    disks: [{ capacity: 40 * MIB }, { capacity: 8 * MIB }],
    nics: [{}],
    annotation: `The machine with the number ${index}`,
    more: settings.join(''),
  };
}
