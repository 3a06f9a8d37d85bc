import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type DiskFile, dataBytesOf } from '../conversion/index.js';
import { fileImage, type MadeDisk } from '../images/index.js';
import { partialPath } from '../io/partial-file.js';
import { entriesOf, folderBytes, foreign, PartialFolder } from '../io/partial-folder.js';
import { MIB } from '../model/units.js';
import { machineUuid } from '../targets/machine-facts.js';
import { convertDisks, verifyFiles } from './convert-and-verify.js';
import { deliverOutput, type OpenOutput } from './deliver-output.js';
import type { Delivery } from './delivery.js';
import { fileSize } from './file-size.js';
import {
  descriptorNames,
  type FolderContents,
  type FolderDestination,
  folderContents,
  isFolderFile,
  writeDisk,
} from './folder-contents.js';
import type { BatchContext, ClaimedJob, PlannedJob } from './job.js';
import { type RefixableOutput, refixOutput } from './refix-output.js';

/** None that we write has more. */
const MAX_DESCRIPTOR_BYTES = 16 * MIB;

/** Machines become folders in the target folder: a file a disk, and what describes them. */
export function folderDelivery(context: BatchContext, destination: FolderDestination): Delivery {
  const folderOf = ({ planned }: Pick<PlannedJob, 'planned'>) => join(context.target, planned.output);
  const contentsOf = (job: Pick<PlannedJob, 'planned'>) =>
    folderContents(destination, job.planned, context.profiles, folderOf(job));
  const outputOf = (job: ClaimedJob, own: BatchContext): RefixableOutput => {
    const folder = folderOf(job);
    const { output } = job.planned;
    return {
      resumable: true,
      begunBytes: () => bytesOfJob(partialPath(folder), job),
      open: async (resume) =>
        openFolder(
          own,
          job,
          contentsOf(job),
          await PartialFolder.open(folder, (name) => isFolderFile(output, name), resume),
          resume,
        ),
      withMade: async (use) => use(await madeDisks(folder, contentsOf(job))),
    };
  };
  const check = (job: PlannedJob) => refuseForeignFolder(folderOf(job), job);
  return {
    surroundings: (planned) => [destination, contentsOf({ planned }).describe()],
    lasting: ({ output, machine }) => [destination, output, machine.disks.length],
    // An earlier run verified the files and they still stand in the folder's final name.
    waysIn: () => [],
    isFinished: async (job) =>
      job.record.outputBytes !== null && (await bytesOfJob(folderOf(job), job)) === job.record.outputBytes,
    check,
    deliver: async (job, own) => {
      await check(job);
      await deliverOutput(own, job, outputOf(job, own));
    },
    deliverWarm: null,
    refix: async (job, own) => {
      await check(job);
      await refixOutput(own, job, outputOf(job, own));
    },
    afterwards: async () => [],
    close: async () => [],
  };
}

function openFolder(
  context: BatchContext,
  job: ClaimedJob,
  contents: FolderContents,
  folder: PartialFolder,
  resume: boolean,
): OpenOutput {
  return {
    path: folder.path,
    make: async (images) => {
      const { disks } = await convertDisks(context, job, images, async (found, signal) => {
        const { pool, digest } = context;
        const files: DiskFile[] = [];
        for (const [index, name] of contents.diskNames.entries()) {
          const disk = found[index];
          if (disk === undefined) continue;
          const partial = await folder.file(name, resume);
          const conversion = { ...disk, pool, digest, threads: pool.threads, signal };
          files.push(await writeDisk(contents.diskFormat, conversion, partial));
        }
        return { disks: files };
      });
      const made = disks.map(({ records, fileBytes }, index) => ({
        name: contents.diskNames[index] ?? '',
        records,
        fileBytes,
        dataBytes: dataBytesOf(records),
      }));
      const written = made.map(({ name, records }) => ({
        path: join(folder.path, name),
        records: [records],
      }));
      await verifyFiles(context, job, contents.diskFormat, written);
      const text = Buffer.from(contents.describe(made));
      const descriptor = await folder.file(contents.descriptorName, false);
      await descriptor.write(text, 0);
      await folder.finishFiles();
      const outputBytes = made.reduce((sum, { fileBytes }) => sum + fileBytes, text.length);
      return { outputBytes, notes: contents.notes };
    },
    publish: () => folder.publish(),
    keep: () => folder.keep(),
    discard: () => folder.discard(),
  };
}

/** The disks that stand in a machine's folder; null when one is missing. */
async function madeDisks(
  folder: string,
  { diskNames, diskFormat }: FolderContents,
): Promise<MadeDisk[] | null> {
  const disks: MadeDisk[] = [];
  for (const name of diskNames) {
    const path = join(folder, name);
    const size = await fileSize(path);
    if (size === null) return null;
    disks.push({ kind: 'image', ...fileImage(diskFormat, path, size) });
  }
  return disks;
}

/** Of all files in it, but for what others put beside ours; null when there is no such folder. */
async function bytesOfJob(folder: string, { planned }: PlannedJob): Promise<number | null> {
  return await folderBytes(folder, (name) => isFolderFile(planned.output, name));
}

/** Only a folder of the same machine is ever replaced, and only when nobody put anything into it. */
async function refuseForeignFolder(folder: string, { planned }: PlannedJob): Promise<void> {
  const names = await entriesOf(folder);
  if (names === null || names.length === 0) return;
  const other = names.find((name) => !isFolderFile(planned.output, name));
  if (other !== undefined) throw foreign(join(folder, other), 'the folder holds what was not made here');
  const uuid = machineUuid(planned.machine);
  for (const name of descriptorNames(planned.output)) {
    const path = join(folder, name);
    const size = await fileSize(path);
    if (size === null || size > MAX_DESCRIPTOR_BYTES) continue;
    if ((await readFile(path, 'utf8')).includes(uuid)) return;
  }
  throw foreign(folder, 'a folder of that name exists and is not this machine');
}
