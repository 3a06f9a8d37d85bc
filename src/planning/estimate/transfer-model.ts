import { posix } from 'node:path';
import type { Limits, PlannedMachine, Rates } from '../../model/plan.js';
import { MIB } from '../../model/units.js';
import type { Flow, Resource, SharedKind, Slot, Transfer, Use } from '../../transfers/index.js';

/**
 * Says what machines share. A machine reads its disks in step, so each source and each target gets the part of its
 * rate that the disks there have of its data. Source: its host, else a disk's datastore, else the descriptor's folder.
 */
export class TransferModel {
  readonly #resources: Resource[] = [];
  readonly #numbers = new Map<string, number>();
  readonly #flows = new Map<string, Flow>();
  readonly #needs = new Map<string, readonly number[]>();
  readonly #rates: Rates;
  readonly #limits: Limits;
  readonly #capped: readonly Use[];

  /** `cap`: bytes a second of all machines together, which is the first resource then; null without one. */
  constructor(rates: Rates, limits: Limits, cap: number | null = null) {
    this.#rates = rates;
    this.#limits = limits;
    this.#capped = cap === null ? [] : [{ resource: 0, share: 1 }];
    if (cap !== null) this.#resources.push({ kind: 'network', capacity: cap });
  }

  /** Of all machines that were asked for. */
  get resources(): readonly Resource[] {
    return this.#resources;
  }

  transferOf(planned: PlannedMachine): Transfer {
    const bytes = planned.disks.reduce((sum, { dataBytes }) => sum + dataBytes, 0);
    const uses = bytes === 0 ? [] : this.#uses(planned, bytes);
    return {
      machineId: planned.machine.id,
      bytes,
      flow: this.#flow(uses),
      needs: this.#needsOf(uses),
      slots: this.#slots(planned),
    };
  }

  #uses({ machine, disks }: PlannedMachine, bytes: number): Use[] {
    const { sourceMiBps, networkMiBps, threadMiBps, targetMiBps } = this.#rates;
    const sources = new Map<number, number>();
    const targets = new Map<number, number>();
    const network = this.#resource('network', '', networkMiBps);
    const threads = this.#resource('threads', '', threadMiBps * this.#limits.threads);
    const folder = posix.dirname(machine.source.descriptor);
    for (const [index, { dataBytes, storage }] of disks.entries()) {
      if (dataBytes === 0) continue;
      const datastore = machine.disks[index]?.datastore ?? null;
      const origin = [machine.placement.host, datastore, folder];
      const source = this.#resource('source', firstKnown(origin), sourceMiBps);
      const target = this.#resource('target', JSON.stringify(storage), targetMiBps);
      sources.set(source, (sources.get(source) ?? 0) + dataBytes);
      targets.set(target, (targets.get(target) ?? 0) + dataBytes);
    }
    return [
      ...this.#capped,
      { resource: network, share: 1 },
      { resource: threads, share: 1 },
      ...parts(sources, bytes),
      ...parts(targets, bytes),
    ];
  }

  #resource(kind: SharedKind, name: string, rateMiBps: number): number {
    const key = `${kind} ${name}`;
    const known = this.#numbers.get(key);
    if (known !== undefined) return known;
    const number = this.#resources.push({ kind, capacity: rateMiBps * MIB }) - 1;
    this.#numbers.set(key, number);
    return number;
  }

  #flow(uses: readonly Use[]): Flow {
    const key = uses.map(({ resource, share }) => `${resource}:${share}`).join(' ');
    const flow = this.#flows.get(key) ?? { uses, count: 0, rate: 0, heldBy: 0 };
    this.#flows.set(key, flow);
    return flow;
  }

  #needsOf(uses: readonly Use[]): readonly number[] {
    const needs = uses.map(({ resource }) => resource);
    const key = needs.join(' ');
    const known = this.#needs.get(key) ?? needs;
    this.#needs.set(key, known);
    return known;
  }

  #slots({ machine, disks }: PlannedMachine): Slot[] {
    const { machinesPerHost, machinesPerDatastore, machinesPerStorage, byName } = this.#limits;
    const { host } = machine.placement;
    // A source that says neither is known by its folder.
    const folder = host === null ? posix.dirname(machine.source.descriptor) : [];
    const datastores = new Set(machine.disks.flatMap(({ datastore }) => datastore ?? folder));
    const storages = new Set(disks.flatMap(({ storage }) => storage ?? []));
    return [
      ...(host === null ? [] : slot('host', host, byName.hosts, machinesPerHost)),
      ...[...datastores].flatMap((name) => slot('datastore', name, byName.datastores, machinesPerDatastore)),
      ...[...storages].flatMap((name) => slot('storage', name, byName.storage, machinesPerStorage)),
    ];
  }
}

/** None where as many may be there as come. */
function slot(
  kind: string,
  name: string,
  byName: Readonly<Record<string, number>>,
  perPlace: number | null,
): Slot[] {
  const limit = (Object.hasOwn(byName, name) ? byName[name] : undefined) ?? perPlace;
  return limit === null ? [] : [{ name: `${kind} ${name}`, limit }];
}

/** The first that is not null, with its position: a host and a datastore may have the same name. */
function firstKnown(names: readonly (string | null)[]): string {
  const at = names.findIndex((name) => name !== null);
  return `${at} ${names[at]}`;
}

function parts(bytesBy: ReadonlyMap<number, number>, bytes: number): Use[] {
  return [...bytesBy].map(([resource, part]) => ({ resource, share: part / bytes }));
}
