import type { GuestFiles } from '../../files/guest-files.js';
import { writeText } from './text-files.js';

export const FIRST_BOOT_FOLDER = '/var/lib/xenferry';
export const SCRIPTS_FOLDER = `${FIRST_BOOT_FOLDER}/first-boot.d`;

/** Leaves a script for the guest's first start; the numbers in front of the names give the order. */
export async function addFirstBootScript(
  files: GuestFiles,
  name: string,
  lines: readonly string[],
): Promise<void> {
  await writeText(files, `${SCRIPTS_FOLDER}/${name}`, `#!/bin/sh\n${lines.join('\n')}\n`, 0o700);
}
