import { mapLines } from '../text-files.js';

/** An fstab with `change` applied to each entry's device; all else, blanks too, stays (fstab(5)). */
export function mapFstab(text: string, change: (device: string, mountPoint: string) => string): string {
  return mapLines(text, (line) => {
    const match = /^(\s*)([^\s#]\S*)(\s+)(\S+)(\s.*)?$/.exec(line);
    if (match === null) return line;
    const [, indent = '', device = '', gap = '', mountPoint = '', rest = ''] = match;
    return `${indent}${change(device, mountPoint)}${gap}${mountPoint}${rest}`;
  });
}

/** A crypttab with `change` applied to each entry's second field (crypttab(5)). */
export function mapCrypttab(text: string, change: (device: string) => string): string {
  return mapLines(text, (line) => {
    const match = /^(\s*[^\s#]\S*\s+)(\S+)(.*)$/.exec(line);
    return match === null ? line : `${match[1] ?? ''}${change(match[2] ?? '')}${match[3] ?? ''}`;
  });
}
