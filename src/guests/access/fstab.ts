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
  return text
    .split('\n', MAX_LINES)
    .map((line) => line.trim())
    .filter((line) => line !== '' && !line.startsWith('#'))
    .flatMap((line) => {
      const [device, mountPoint, type, options = ''] = line.split(/[ \t]+/).map(withoutEscapes);
      if (device === undefined || mountPoint === undefined || type === undefined) return [];
      return [{ device, mountPoint, type, options: options.split(',') }];
    });
}
