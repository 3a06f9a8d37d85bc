import { createHash } from 'node:crypto';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { buildOvf, CPU, disk, item, MEMORY, NIC, SCSI, system } from '../unit/ovf-parser/build-ovf.js';

export interface ExportDisk {
  /** As the descriptor names it. */
  readonly href: string;
  readonly capacityBytes: number;
  /** More attributes of its file: compression, chunks. */
  readonly packing?: string;
}

/** The descriptor of a machine with these disks on one controller. */
export function machineOvf(name: string, disks: readonly ExportDisk[]): string {
  return buildOvf({
    files: disks
      .map(({ href, packing = '' }, index) => `<File ovf:id="file${index}" ovf:href="${href}" ${packing}/>`)
      .join(''),
    disks: disks
      .map(({ capacityBytes }, index) =>
        disk(`disk${index}`, `file${index}`, `ovf:capacity="${capacityBytes}"`),
      )
      .join(''),
    systems: system(name, [CPU, MEMORY, SCSI, ...disks.map((_, index) => hardDisk(index)), NIC]),
  });
}

function hardDisk(index: number): string {
  return item({
    InstanceID: 100 + index,
    ResourceType: 17,
    Parent: 3,
    AddressOnParent: index,
    HostResource: `ovf:/disk/disk${index}`,
  });
}

/** Writes `<name>.ovf` into the folder of an export whose disks are, or will be, beside it. */
export async function writeExport(folder: string, name: string, disks: readonly ExportDisk[]): Promise<void> {
  await mkdir(folder, { recursive: true });
  await writeFile(join(folder, `${name}.ovf`), machineOvf(name, disks));
}

/** Writes `<name>.mf` for the descriptor and the named files of a folder. */
export async function writeManifest(folder: string, name: string, files: readonly string[]): Promise<void> {
  const lines = await Promise.all(
    [`${name}.ovf`, ...files].map(async (file) => {
      const digest = createHash('sha256').update(await readFile(join(folder, file)));
      return `SHA256(${file})= ${digest.digest('hex')}\n`;
    }),
  );
  await writeFile(join(folder, `${name}.mf`), lines.join(''));
}
