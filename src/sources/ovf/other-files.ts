import type { Problem } from '../../model/inventory.js';
import type { FileRange } from '../../model/virtual-machine.js';
import {
  hrefCandidates,
  type OvfFile,
  type OvfVirtualSystem,
  readSmallRange,
} from '../../ovf-parser/index.js';
import { problemOf, problemOfError } from '../problems.js';
import { digestProblems } from './package-manifest.js';
import type { DiskContext } from './read-disk.js';

export interface OtherFiles {
  /** Name of the file with the firmware's variables; null without, or when it cannot be had. */
  readonly nvram: string | null;
  readonly problems: readonly Problem[];
}

/** VMware's have 8 to 270 KiB. */
const NVRAM_LIMIT = { bytes: 4 * 1024 * 1024, code: 'OVF_FILE_SIZE' } as const;

/**
 * Looks at the files of a machine that are no disks: its NVRAM, which is small and compared with the manifest, and the
 * images in its drives. None of them keeps it from being converted, so all problems are warnings.
 */
export async function readOtherFiles(system: OvfVirtualSystem, context: DiskContext): Promise<OtherFiles> {
  const problems: Problem[] = [];
  const images = new Set(system.devices.flatMap(({ file }) => file ?? []));
  for (const image of images) problems.push(...(await look(image, context)).problems);
  if (system.nvram === null) return { nvram: null, problems };
  const { range, name, problems: found } = await look(system.nvram, context);
  problems.push(...found);
  if (range === null) return { nvram: null, problems };
  const about = { file: context.files.pathOf(name), machineId: context.machineId };
  try {
    const bytes = await readSmallRange(range, NVRAM_LIMIT);
    const mismatches = digestProblems(context.manifest, name, bytes, { ...about, what: 'the NVRAM' });
    if (mismatches.length === 0) return { nvram: name, problems };
    return { nvram: null, problems: [...problems, ...mismatches.map(asWarning)] };
  } catch (error) {
    return { nvram: null, problems: [...problems, asWarning(problemOfError(error, about))] };
  }
}

interface Looked {
  readonly range: FileRange | null;
  readonly name: string;
  readonly problems: readonly Problem[];
}

async function look(file: OvfFile, { files, descriptor, machineId }: DiskContext): Promise<Looked> {
  try {
    for (const name of hrefCandidates(file.href, { file: descriptor, line: file.line })) {
      const range = await files.find(name);
      if (range !== null)
        return { range, name, problems: sizeProblems(file, range, files.pathOf(name), machineId) };
    }
    const message = `the file ${file.href} is missing`;
    const about = { file: descriptor, machineId, line: file.line };
    return { range: null, name: '', problems: [problemOf('warning', 'OVF_FILE_MISSING', message, about)] };
  } catch (error) {
    const problem = problemOfError(error, { file: descriptor, machineId, line: file.line });
    return { range: null, name: '', problems: [asWarning(problem)] };
  }
}

function sizeProblems(
  { sizeBytes }: OvfFile,
  { length }: FileRange,
  file: string,
  machineId: string,
): readonly Problem[] {
  if (sizeBytes === null || sizeBytes === length) return [];
  const message = `the file has ${length} bytes, the descriptor says ${sizeBytes}`;
  return [problemOf('warning', 'OVF_FILE_SIZE', message, { file, machineId })];
}

function asWarning(problem: Problem): Problem {
  return { ...problem, severity: 'warning' };
}
