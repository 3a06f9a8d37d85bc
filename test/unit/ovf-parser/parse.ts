import { type OvfEnvelope, parseOvf } from '../../../src/ovf-parser/index.js';

export function parse(text: string): OvfEnvelope {
  return parseOvf(Buffer.from(text), 'test.ovf');
}

export function firstSystem(text: string): OvfEnvelope['systems'][number] {
  const system = parse(text).systems[0];
  if (system === undefined) throw new Error('no system');
  return system;
}

/** What a descriptor means, without the lines it stands on. */
export function meaning(text: string): unknown {
  return JSON.parse(JSON.stringify(parse(text), plain));
}

function plain(key: string, value: unknown): unknown {
  if (key === 'line') return undefined;
  return value instanceof Map ? Object.fromEntries(value) : value;
}
