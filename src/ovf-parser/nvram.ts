import type { Findings } from './findings.js';
import { type PackageIds, referencedFile } from './host-resource.js';
import type { OvfFile } from './ovf-types.js';
import { type Settings, settingOf } from './settings.js';

/**
 * The file with the firmware's variables: `vmw:ExtraConfig` `nvram` is a reference to a File of the package
 * (`ovf:/file/file2`) or its name. Null without, or when it is not in the package, which leaves a warning.
 */
export function nvramFile(
  settings: Settings,
  ids: PackageIds,
  line: number,
  findings: Findings,
): OvfFile | null {
  const value = settingOf(settings, 'nvram');
  if (value === null) return null;
  const file = referencedFile(value, ids) ?? ids.filesByHref.get(value);
  if (file !== undefined) return file;
  findings.warn(`the NVRAM file "${value}" is not listed in References`, line);
  return null;
}
