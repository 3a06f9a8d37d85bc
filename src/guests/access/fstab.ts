import { withoutEscapes } from './host-mounts.js';

/** A line of a guest's fstab. */
export interface FstabLine {
  /** `UUID=...`, `LABEL=...`, `/dev/...`, or anything else. */
  readonly device: string;
  readonly mountPoint: string;
  readonly type: string;
  readonly options: readonly string[];
}

const MAX_LINES = 1000;

/** Reads fstab(5): four to six fields a line; lines that do not fit are passed over. */
export function readFstab(text: string): FstabLine[] {
  return fieldsOf(text).flatMap(([device, mountPoint, type, options = '']) => {
    if (device === undefined || mountPoint === undefined || type === undefined) return [];
    return [{ device, mountPoint, type, options: options.split(',') }];
  });
}

/** Reads crypttab(5): the encrypted device by the one it becomes, `/dev/mapper/NAME`. */
export function readCrypttab(text: string): ReadonlyMap<string, string> {
  return new Map(
    fieldsOf(text).flatMap(([name, device]) =>
      name === undefined || device === undefined ? [] : [[`/dev/mapper/${name}`, device] as const],
    ),
  );
}

function fieldsOf(text: string): string[][] {
  return text
    .split('\n', MAX_LINES)
    .map((line) => line.trim())
    .filter((line) => line !== '' && !line.startsWith('#'))
    .map((line) => line.split(/[ \t]+/).map(withoutEscapes));
}
