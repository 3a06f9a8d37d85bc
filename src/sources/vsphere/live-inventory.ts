import { isDeepStrictEqual } from 'node:util';
import type { Inventory, Problem } from '../../model/inventory.js';
import type { VirtualMachine } from '../../model/virtual-machine.js';
import type { VsphereReference } from '../../model/vsphere-reference.js';
import {
  connectVsphere,
  isVsphereFault,
  type Ref,
  type RetrievedObject,
  type RetrieveOptions,
  type UpdateBatch,
  type VsphereClient,
  watchUpdates,
} from '../../vsphere/index.js';
import { type BuiltMachine, buildMachine, type MachineSurroundings } from './build-machine.js';
import { retrieveKnown, withoutRefused } from './known-properties.js';
import { MACHINE_QUERY } from './machine-schema.js';
import { inventoryOf, readSurroundings } from './read-vsphere.js';

/** How often in a row machines may go away between being told of and being asked for. */
const MAX_ATTEMPTS = 5;

/** What has become of machines since they were looked at last; each is in one list at most. */
export interface InventoryChanges {
  readonly added: readonly VirtualMachine[];
  readonly changed: readonly VirtualMachine[];
  /** Ids. */
  readonly removed: readonly string[];
}

interface Surroundings {
  readonly surroundings: MachineSurroundings;
  readonly problems: readonly Problem[];
}

/** What a server said until all of it was said. */
interface Said {
  /** Whole machines, the last word on each. */
  readonly entered: Map<string, RetrievedObject>;
  readonly modified: Map<string, Ref>;
  readonly left: Set<string>;
  /** All machines are told of; those that are not are gone. */
  afresh: boolean;
}

/**
 * The inventory of a server, kept current by what the server tells of changes. A refresh that finds the session ended
 * compares everything anew. What is around machines is read again each time; where only that has changed, such as the
 * name of a folder, a machine shows it after its own next change.
 */
export class LiveInventory {
  readonly #client: VsphereClient;
  readonly #server: VsphereReference;
  readonly #options: RetrieveOptions;
  readonly #machines = new Map<string, BuiltMachine>();
  #properties: readonly string[] = MACHINE_QUERY.properties;
  #updates: AsyncGenerator<UpdateBatch>;
  #around: Surroundings;

  private constructor(
    client: VsphereClient,
    server: VsphereReference,
    options: RetrieveOptions,
    around: Surroundings,
  ) {
    this.#client = client;
    this.#server = server;
    this.#options = options;
    this.#around = around;
    this.#updates = this.#watch();
  }

  /** Reads everything once. The caller closes it. Rejects as `readVsphere` does. */
  static async open(server: VsphereReference, options: RetrieveOptions = {}): Promise<LiveInventory> {
    const client = await connectVsphere({ ...server, ...options });
    try {
      const around = await readSurroundings(client, server, options);
      const live = new LiveInventory(client, server, options, around);
      await live.#hear();
      return live;
    } catch (error) {
      await client.close();
      throw error;
    }
  }

  /** As of the last refresh. */
  get inventory(): Inventory {
    const built = [...this.#machines.values()];
    return inventoryOf(
      built.map(({ machine }) => machine),
      [...this.#around.problems, ...built.flatMap(({ problems }) => problems)],
      this.#around.surroundings.estate,
    );
  }

  /** One at a time. Rejects as `readVsphere` does; then the next one tells of what this one would have. */
  async refresh(): Promise<InventoryChanges> {
    this.#around = await readSurroundings(this.#client, this.#server, this.#options);
    return await this.#hear();
  }

  async close(): Promise<void> {
    await this.#end(this.#updates);
    await this.#client.close();
  }

  async #hear(): Promise<InventoryChanges> {
    const { surroundings } = this.#around;
    const said: Said = { entered: new Map(), modified: new Map(), left: new Set(), afresh: false };
    try {
      await this.#listen(said);
    } catch (error) {
      // What was said is lost: all of it has to be said again.
      await this.#watchAnew();
      throw error;
    }
    const added: VirtualMachine[] = [];
    const changed: VirtualMachine[] = [];
    for (const [id, object] of said.entered) {
      const before = this.#machines.get(id);
      const now = buildMachine(object, surroundings);
      this.#machines.set(id, now);
      if (before === undefined) added.push(now.machine);
      else if (!isDeepStrictEqual(before, now)) changed.push(now.machine);
    }
    const gone = said.afresh
      ? [...this.#machines.keys()].filter((id) => !said.entered.has(id))
      : [...said.left];
    const removed = gone.filter((id) => this.#machines.delete(id));
    return { added, changed, removed };
  }

  async #listen(said: Said): Promise<void> {
    for (let attempt = 1; ; attempt++) {
      await this.#collect(said);
      try {
        await this.#askForModified(said);
        return;
      } catch (error) {
        if (attempt === MAX_ATTEMPTS || !isVsphereFault(error, 'ManagedObjectNotFound')) throw error;
      }
    }
  }

  async #collect(said: Said): Promise<void> {
    for (let complete = false; !complete; ) {
      const batch = await this.#nextBatch();
      if (batch.afresh) said.afresh = true;
      for (const { ref, kind, properties, missing } of batch.objects) {
        const id = ref.value;
        said.left.delete(id);
        if (kind === 'enter') said.entered.set(id, { ref, properties, missing });
        else if (kind === 'modify') said.modified.set(id, ref);
        else {
          said.entered.delete(id);
          said.modified.delete(id);
          said.left.add(id);
        }
      }
      ({ complete } = batch);
    }
  }

  /** Changes come as single properties; the whole machine is asked for, so that none needs to be kept. */
  async #askForModified(said: Said): Promise<void> {
    const query = { objects: [...said.modified.values()], properties: this.#properties };
    for await (const page of retrieveKnown(this.#client, query, this.#options)) {
      for (const object of page) said.entered.set(object.ref.value, object);
    }
    said.modified.clear();
  }

  async #nextBatch(): Promise<UpdateBatch> {
    for (;;) {
      try {
        const { value, done } = await this.#updates.next();
        if (done !== true) return value;
        this.#updates = this.#watch();
      } catch (error) {
        const fewer = withoutRefused(this.#properties, error);
        if (fewer === null) throw error;
        this.#properties = fewer;
        await this.#watchAnew();
      }
    }
  }

  async #watchAnew(): Promise<void> {
    const ended = this.#updates;
    this.#updates = this.#watch();
    await this.#end(ended);
  }

  /** Its collector goes with the session otherwise. */
  async #end(updates: AsyncGenerator<UpdateBatch>): Promise<void> {
    await updates.return(undefined).catch(() => {});
  }

  #watch(): AsyncGenerator<UpdateBatch> {
    const query = { type: MACHINE_QUERY.type, properties: this.#properties };
    return watchUpdates(this.#client, [query], { ...this.#options, waitSeconds: 0 });
  }
}
