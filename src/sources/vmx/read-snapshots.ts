import path from 'node:path';
import type { Problem } from '../../model/inventory.js';
import type { Snapshot } from '../../model/virtual-machine.js';
import type { DescriptorFile } from '../descriptor-file.js';
import { findInFolder } from '../folder-files.js';
import { problemOf, problemOfError } from '../problems.js';
import { flagOf } from './settings-values.js';
import type { VmxDrive } from './vmx-drives.js';
import { fileFlaws } from './vmx-flaws.js';
import { readVmxFile } from './vmx-parser.js';
import { type ListedSnapshot, vmsdSnapshots } from './vmx-snapshots.js';

export interface ReadSnapshots {
  /** Oldest first. */
  readonly snapshots: readonly Snapshot[];
  /** Disks of deleted snapshots are left; null when nothing tells. */
  readonly needsConsolidation: boolean | null;
  readonly problems: readonly Problem[];
}

const HINT = 'Check the snapshots of the machine in vSphere; its present state is converted anyway.';

/**
 * The snapshots of the .vmsd beside a .vmx. A missing list is a problem only where disks say that there are snapshots;
 * no list is ever a failure. `memoryBytes` is that of the machine.
 */
export async function readSnapshots(
  source: DescriptorFile,
  disks: readonly VmxDrive[],
  memoryBytes: number,
): Promise<ReadSnapshots> {
  const name = `${path.basename(source.path, path.extname(source.path))}.vmsd`;
  const about = {
    file: path.posix.join(path.posix.dirname(source.relative), name),
    machineId: source.relative,
  };
  const onSnapshots = disks.some(({ fileName }) => /-\d{6}\.vmdk$/i.test(fileName));
  try {
    const range = await findInFolder(path.dirname(source.path), name);
    if (range === null) {
      const message = 'its disks are those of snapshots, but the list of snapshots is missing';
      const missing = onSnapshots ? [problemOf('warning', 'OVF_FILE_MISSING', message, about, HINT)] : [];
      return { snapshots: [], needsConsolidation: null, problems: missing };
    }
    // ESXi leaves the file empty as long as there are no snapshots.
    const { settings, flaws } =
      range.length === 0
        ? { settings: new Map<string, string>(), flaws: [] }
        : await readVmxFile(range, about.file);
    const listed = vmsdSnapshots(settings);
    const snapshots: Snapshot[] = [];
    for (const snapshot of listed.snapshots) snapshots.push(await withMemory(snapshot, source, memoryBytes));
    const leftOver = onSnapshots && snapshots.length === 0 ? true : null;
    return {
      snapshots,
      needsConsolidation: flagOf(settings, 'snapshot.needConsolidate') ?? leftOver,
      problems: [
        ...fileFlaws(flaws, about, HINT),
        ...listed.flaws.map((message) => problemOf('warning', 'VMX_MALFORMED', message, about, HINT)),
      ],
    };
  } catch (error) {
    const damaged: Problem = { ...problemOfError(error, about), severity: 'warning', hint: HINT };
    return { snapshots: [], needsConsolidation: null, problems: [damaged] };
  }
}

/** Memory lies in a .vmem beside the state file, on old versions in the state file, which is then as large as it. */
async function withMemory(
  { name, createdAt, stateFile }: ListedSnapshot,
  source: DescriptorFile,
  memoryBytes: number,
): Promise<Snapshot> {
  const state = path.posix.basename(stateFile.replaceAll('\\', '/'));
  const stem = path.posix.basename(state, path.posix.extname(state));
  if (/^\.*$/.test(stem) || state.includes('\0')) return { name, createdAt, withMemory: false };
  const folder = path.dirname(source.path);
  const memory = await findInFolder(folder, `${stem}.vmem`);
  const inState = memory === null && ((await findInFolder(folder, state))?.length ?? 0) >= memoryBytes;
  return { name, createdAt, withMemory: memory !== null || inState };
}
