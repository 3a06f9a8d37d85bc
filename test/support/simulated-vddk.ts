import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { SimulatedVcenter } from './simulated-vcenter.js';

const SIMULATORS = join(import.meta.dirname, '../simulators');
const SOURCE = join(SIMULATORS, 'vddk/vddk.c');

/** `live.vddk` of a migration file: a stand-in of nbdkit's plugin that reads disks of a simulated vCenter. */
export function simulatedVddk({ control }: Pick<SimulatedVcenter, 'control'>, folder: string) {
  const library = join(folder, 'vmware-vix-disklib-distrib');
  mkdirSync(join(library, 'lib64'), { recursive: true });
  writeFileSync(join(library, 'lib64/libvixDiskLib.so.8'), `${control}\n`);
  return { library, plugin: plugin() };
}

/** The plugin, built when its source has changed; throws when gcc or nbdkit's header are missing. */
function plugin(): string {
  const hash = createHash('sha256').update(readFileSync(SOURCE)).digest('hex').slice(0, 16);
  const path = join(SIMULATORS, `.cache/nbdkit-vddk-plugin-${hash}.so`);
  execFileSync(join(SIMULATORS, 'vddk/build.sh'), [path], { stdio: ['ignore', 'ignore', 'inherit'] });
  return path;
}
