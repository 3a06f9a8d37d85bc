import type { HopRate, Sample } from '../documents.js';

const KINDS: Readonly<Record<string, string>> = {
  host: 'Source host',
  datastore: 'Datastore',
  link: 'Network',
  threads: 'Conversion',
  targetHost: 'Target host',
  repository: 'Repository',
};

/** Samples as a chart takes them. */
export interface HopSeries {
  /** By what the lines are called. */
  readonly labels: readonly string[];
  /** Seconds since 1970, then bytes a second of each line; null where a sample has none. */
  readonly columns: readonly [readonly number[], ...(readonly (number | null)[])[]];
}

export function kindWord(kind: string): string {
  return KINDS[kind] ?? kind;
}

/** At most `most` lines: the hops through which most has gone. Without any hop, one line of all machines together. */
export function hopSeries(samples: readonly Sample[], most: number): HopSeries {
  const totals = new Map<string, number>();
  for (const { hops } of samples) {
    for (const [key, value] of Object.entries(hops)) totals.set(key, (totals.get(key) ?? 0) + value);
  }
  const keys = [...totals]
    .sort(([, one], [, other]) => other - one)
    .slice(0, most)
    .map(([key]) => key);
  const times = samples.map(({ at }) => at / 1000);
  if (keys.length === 0)
    return { labels: ['All machines'], columns: [times, samples.map((s) => s.bytesPerSecond)] };
  return {
    labels: keys.map(labelOf),
    columns: [times, ...keys.map((key) => samples.map(({ hops }) => hops[key] ?? null))],
  };
}

/** `Source host esx03` of `host esx03`. */
function labelOf(key: string): string {
  const space = key.indexOf(' ');
  return space === -1 ? kindWord(key) : `${kindWord(key.slice(0, space))} ${key.slice(space + 1)}`;
}

/** Of what a hop can give, from 0 to 1; null when that is not known. */
export function useOf({ bytesPerSecond, capacity }: HopRate): number | null {
  return capacity === null || capacity <= 0 ? null : Math.min(1, bytesPerSecond / capacity);
}
