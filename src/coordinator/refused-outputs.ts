import { realpath, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { DiskSurvey } from '../conversion/index.js';
import { freeBytes } from '../io/free-space.js';
import { systemErrorCode, XenferryError } from '../model/errors.js';

/** A file that is to be written. Paths are absolute. */
interface WantedFile {
  readonly input: string;
  readonly output: string;
  readonly format: string;
  /** A VHD that the output builds upon. */
  readonly parent: string | undefined;
  /** Replace an existing output. */
  readonly force: boolean;
}

/** What a conversion is not started for, as far as the command tells. Rejects with CONFIG_INVALID, TARGET_*. */
export async function refuseCommand(wanted: WantedFile): Promise<void> {
  refuseOddParent(wanted);
  await refuseExistingOutput(wanted);
}

/** The same by what the survey found. Rejects with CONFIG_INVALID, TARGET_NO_SPACE. */
export async function refuseSurveyed(wanted: WantedFile, survey: DiskSurvey): Promise<void> {
  await refuseOwnSource(wanted, survey);
  await refuseFullTarget(survey, wanted.output);
}

/** A parent is found beside its child and nowhere else. */
function refuseOddParent({ parent, output, format }: WantedFile): void {
  if (parent === undefined) return;
  if (format !== 'vhd') throw new XenferryError('CONFIG_INVALID', `--parent makes a VHD, not ${format}`);
  if (dirname(parent) === dirname(output)) return;
  throw new XenferryError('CONFIG_INVALID', 'the parent must be in the folder of the output', {
    file: parent,
  });
}

async function refuseExistingOutput({ output, force }: WantedFile): Promise<void> {
  try {
    await stat(output);
  } catch (cause) {
    if (systemErrorCode(cause) === 'ENOENT') return;
    throw new XenferryError('TARGET_UNWRITABLE', `cannot be looked at (${systemErrorCode(cause)})`, {
      file: output,
      cause,
    });
  }
  if (!force) throw new XenferryError('TARGET_EXISTS', 'the output exists', { file: output });
}

/** Replacing a file that the disk consists of, or needs, would lose it. */
async function refuseOwnSource({ input, output, parent }: WantedFile, { files }: DiskSurvey): Promise<void> {
  const replaced = await realpath(output).catch(() => null);
  if (replaced === null) return;
  for (const file of [input, ...(parent === undefined ? [] : [parent]), ...files]) {
    if ((await realpath(file).catch(() => null)) !== replaced) continue;
    throw new XenferryError('CONFIG_INVALID', 'input and output are the same file', { file: output });
  }
}

async function refuseFullTarget({ exact, dataBytes }: DiskSurvey, output: string): Promise<void> {
  const free = await freeBytes(dirname(output));
  if (!exact || dataBytes <= free) return;
  throw new XenferryError('TARGET_NO_SPACE', `the disk holds ${dataBytes} bytes, ${free} are free`, {
    file: output,
  });
}
