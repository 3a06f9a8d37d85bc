import {
  type DiskConversionOptions,
  type DiskFile,
  writeQcow2,
  writeRaw,
  writeVhd,
} from '../conversion/index.js';
import type { Profile } from '../guests/profiles/index.js';
import type { PartialFile } from '../io/partial-file.js';
import type { FileDestination, XlDiskFormat } from '../model/destination.js';
import type { PlannedMachine } from '../model/plan.js';
import { profileOf } from '../targets/machine-facts.js';
import { type DescribedFile, ovfDescriptor } from '../targets/vhd-folder/index.js';
import { xlConfig } from '../targets/xl-host/index.js';

export type FolderDestination = Exclude<FileDestination, { kind: 'xva' }>;

/** What a machine's folder holds. */
export interface FolderContents {
  readonly diskFormat: XlDiskFormat;
  readonly diskNames: readonly string[];
  readonly descriptorName: string;
  /** What the machine had and the folder has not, one sentence each. */
  readonly notes: readonly string[];
  /** Its text when the disks are known; without them that of the plan alone. */
  describe(files?: readonly DescribedFile[]): string;
}

const DISK_FORMATS = ['raw', 'qcow2', 'vhd'] as const;
const DESCRIPTORS = ['ovf', 'cfg'] as const;

/** `folder` is the absolute path of the machine's. Throws PROFILE_INVALID, CONFIG_INVALID. */
export function folderContents(
  destination: FolderDestination,
  planned: PlannedMachine,
  profiles: readonly Profile[],
  folder: string,
): FolderContents {
  const { machine, output } = planned;
  const profile = profileOf(planned, profiles);
  const diskFormat = destination.kind === 'vhd' ? 'vhd' : destination.format;
  const diskNames = machine.disks.map((_, index) => `${output}-disk${index + 1}.${diskFormat}`);
  switch (destination.kind) {
    case 'vhd':
      return {
        diskFormat,
        diskNames,
        descriptorName: `${output}.ovf`,
        notes: [],
        describe: (files = []) => ovfDescriptor(planned, profile, files),
      };
    case 'xl': {
      const { text, notes } = xlConfig(planned, profile, { folder, format: diskFormat, files: diskNames });
      return { diskFormat, diskNames, descriptorName: `${output}.cfg`, notes, describe: () => text };
    }
  }
}

/** Whether a file in the folder of the machine that becomes `output` is one that some run made, of whichever kind. */
export function isFolderFile(output: string, name: string): boolean {
  if (DESCRIPTORS.some((extension) => name === `${output}.${extension}`)) return true;
  if (!name.startsWith(`${output}-disk`)) return false;
  const [, extension = ''] = /^\d+\.(\w+)$/.exec(name.slice(`${output}-disk`.length)) ?? [];
  return DISK_FORMATS.some((format) => format === extension);
}

/** Names of the descriptors that a machine's folder may have. */
export function descriptorNames(output: string): string[] {
  return DESCRIPTORS.map((extension) => `${output}.${extension}`);
}

/** Throws the formats' codes, TARGET_*, CANCELED. */
export async function writeDisk(
  format: XlDiskFormat,
  conversion: DiskConversionOptions,
  partial: PartialFile,
): Promise<DiskFile> {
  switch (format) {
    case 'vhd':
      return await writeVhd(conversion, partial);
    case 'qcow2':
      return await writeQcow2(conversion, partial);
    case 'raw':
      return await writeRaw(conversion, partial);
  }
}
