import { asDword, asString, asStrings, type ValueData } from './value-data.js';

/** A change of the registry, for the record; the hive's bytes before it are kept as a whole. */
export interface RegistryChange {
  /** `SYSTEM\ControlSet001\Services\intelide`. */
  readonly key: string;
  /** Null when it is about the key itself; empty for its default value. */
  readonly value: string | null;
  /** As registry editors show it; null where there was nothing. */
  readonly before: string | null;
  /** Null where nothing is left. */
  readonly after: string | null;
}

/** What is shown of a value; none that is changed comes near. */
const MAX_SHOWN = 500;

/** For people: numbers in hexadecimal, texts as they are, all else as bytes. */
export function shownValue(value: ValueData | null): string | null {
  if (value === null) return null;
  const number = asDword(value);
  const text =
    number === null
      ? (asString(value) ?? asStrings(value)?.join('; ') ?? value.data.toString('hex', 0, MAX_SHOWN / 2))
      : `0x${number.toString(16).padStart(8, '0')}`;
  return text.slice(0, MAX_SHOWN);
}
