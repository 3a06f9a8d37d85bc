export type FaultPath = readonly (string | number)[];

/** Something wrong in the migration file. */
export interface Fault {
  /** Of the value it is about; of a missing one as well. */
  readonly path: FaultPath;
  /** Whether the key itself is wrong, not what stands behind it. */
  readonly about: 'key' | 'value';
  readonly message: string;
}

/** `machines["web 1"].nics.0.network`, `select[0].name`; empty for the whole file. */
export function pathText(path: FaultPath): string {
  return path
    .map((step, index) => {
      if (typeof step === 'number') return `[${step}]`;
      if (!/^[\p{L}\p{N}_-]+$/u.test(step)) return `[${JSON.stringify(step)}]`;
      return index === 0 ? step : `.${step}`;
    })
    .join('');
}

/** A value as an error shows it: not too long, on one line. */
export function shown(value: unknown): string {
  const text = JSON.stringify(value) ?? String(value);
  return text.length > 60 ? `${text.slice(0, 60)}…` : text;
}
