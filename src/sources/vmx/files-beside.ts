import { lstat } from 'node:fs/promises';
import path from 'node:path';
import type { Problem } from '../../model/inventory.js';
import type { DescriptorFile } from '../descriptor-file.js';
import { findInFolder } from '../folder-files.js';
import { problemOf, problemOfError } from '../problems.js';

export interface ReadNvram {
  /** Null when none is named or it is not there. */
  readonly nvram: string | null;
  readonly problems: readonly Problem[];
}

/** The file of the firmware's variables, by the last part of its name, where it is beside the .vmx. */
export async function readNvram(named: string | null, source: DescriptorFile): Promise<ReadNvram> {
  const name = path.posix.basename((named ?? '').replaceAll('\\', '/'));
  if (/^\.{0,2}$/.test(name) || name.includes('\0')) return { nvram: null, problems: [] };
  const about = { file: source.relative, machineId: source.relative };
  try {
    const range = await findInFolder(path.dirname(source.path), name);
    if (range !== null) return { nvram: name, problems: [] };
    const message = `its NVRAM file ${JSON.stringify(name)} is missing: the firmware starts with its defaults`;
    return { nvram: null, problems: [problemOf('information', 'OVF_FILE_MISSING', message, about)] };
  } catch (error) {
    return { nvram: null, problems: [{ ...problemOfError(error, about), severity: 'warning' }] };
  }
}

/** A warning when VMware's lock is on the .vmx, or on a disk beside it: the machine may be running. */
export async function lockProblems(
  source: DescriptorFile,
  disks: readonly string[],
): Promise<readonly Problem[]> {
  const folder = path.dirname(source.path);
  for (const file of [source.path, ...disks.filter((disk) => path.dirname(disk) === folder)]) {
    if (await exists(`${file}.lck`)) {
      const message = `VMware's lock is on ${path.basename(file)}: the machine was running when it was copied, or still is`;
      return [
        problemOf('warning', 'VMX_IN_USE', message, { file: source.relative, machineId: source.relative }),
      ];
    }
  }
  return [];
}

async function exists(file: string): Promise<boolean> {
  try {
    await lstat(file);
    return true;
  } catch {
    return false;
  }
}
