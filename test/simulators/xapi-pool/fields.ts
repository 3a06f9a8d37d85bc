import type { Value } from './model/model-types.js';

export const NULL_REF = 'OpaqueRef:NULL';

function isMap(value: Value | undefined): value is { readonly [key: string]: Value } {
  return typeof value === 'object' && !Array.isArray(value) && !(value instanceof Set);
}

/** Named values, read as the type that the model says they have. */
export class Fields {
  protected readonly held: Record<string, Value>;

  constructor(held: Record<string, Value>) {
    this.held = held;
  }

  get values(): Readonly<Record<string, Value>> {
    return this.held;
  }

  value(name: string): Value {
    const value = this.held[name];
    if (value === undefined) {
      throw new Error(`no field ${name}`);
    }
    return value;
  }

  text(name: string): string {
    return String(this.value(name));
  }

  number(name: string): number {
    return Number(this.value(name));
  }

  flag(name: string): boolean {
    return this.value(name) === true;
  }

  list(name: string): readonly string[] {
    const value = this.value(name);
    return value instanceof Set || Array.isArray(value) ? [...value].map(String) : [];
  }

  map(name: string): Readonly<Record<string, string>> {
    const value = this.value(name);
    return isMap(value)
      ? Object.fromEntries(Object.entries(value).map(([key, one]) => [key, String(one)]))
      : {};
  }
}
