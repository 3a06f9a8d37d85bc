import { basename, extname } from 'node:path';
import { describeError, toXenferryError } from '../model/errors.js';
import type { PlannedMachine } from '../model/plan.js';
import { ensureAppliance } from '../targets/xapi-pool/index.js';
import type { Ref, XapiClient } from '../xapi/index.js';

/** The appliance of a machine; null where it is in none, or where none could be made. */
export interface MachineAppliance {
  readonly appliance: Ref | null;
  readonly notes: readonly string[];
}

/** What vApps become in a pool, each made once. */
export class Appliances {
  readonly #client: XapiClient;
  readonly #signal: AbortSignal;
  readonly #made = new Map<string, Promise<MachineAppliance>>();

  constructor(client: XapiClient, signal: AbortSignal) {
    this.#client = client;
    this.#signal = signal;
  }

  async of({ machine }: PlannedMachine): Promise<MachineAppliance> {
    const { kind, descriptor } = machine.source;
    if (kind !== 'ovf' || machine.startOrder === null) return { appliance: null, notes: [] };
    const name = basename(descriptor, extname(descriptor));
    const known = this.#made.get(name) ?? this.#make(name);
    this.#made.set(name, known);
    return await known;
  }

  /** A machine without its appliance is still whole. */
  async #make(name: string): Promise<MachineAppliance> {
    try {
      return { appliance: await ensureAppliance(this.#client, name, this.#signal), notes: [] };
    } catch (error) {
      const reason = describeError(toXenferryError(error));
      return { appliance: null, notes: [`It is in no appliance ${name}: ${reason}`] };
    }
  }
}
