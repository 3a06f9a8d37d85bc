import { randomUUID } from 'node:crypto';
import { XapiFailure } from './failure.js';
import { Fields, NULL_REF } from './fields.js';
import { CLASSES } from './model/classes.js';
import type { Value } from './model/model-types.js';
import { initialOf } from './model/wire-messages.js';

/** A field that refers to one object, and the field of that object which lists all that refer to it. */
const BACKLINKS: Readonly<
  Record<string, Readonly<Record<string, readonly [className: string, field: string]>>>
> = {
  VDI: { SR: ['SR', 'VDIs'], snapshot_of: ['VDI', 'snapshots'] },
  VBD: { VM: ['VM', 'VBDs'], VDI: ['VDI', 'VBDs'] },
  VIF: { VM: ['VM', 'VIFs'], network: ['network', 'VIFs'] },
  VTPM: { VM: ['VM', 'VTPMs'] },
  VGPU: {
    VM: ['VM', 'VGPUs'],
    GPU_group: ['GPU_group', 'VGPUs'],
    resident_on: ['PGPU', 'resident_VGPUs'],
  },
  PGPU: { GPU_group: ['GPU_group', 'PGPUs'], host: ['host', 'PGPUs'] },
  PBD: { SR: ['SR', 'PBDs'], host: ['host', 'PBDs'] },
  PIF: { network: ['network', 'PIFs'], host: ['host', 'PIFs'], bond_slave_of: ['Bond', 'slaves'] },
  VLAN: { tagged_PIF: ['PIF', 'VLAN_slave_of'] },
  Bond: { master: ['PIF', 'bond_master_of'] },
  VM: {
    resident_on: ['host', 'resident_VMs'],
    appliance: ['VM_appliance', 'VMs'],
    snapshot_of: ['VM', 'snapshots'],
    parent: ['VM', 'children'],
  },
};

const listed = new Set(
  Object.values(BACKLINKS).flatMap((links) =>
    Object.values(links).map(([className, field]) => `${className}.${field}`),
  ),
);

/** One object of the pool. */
export class Row extends Fields {
  created = 0;
  modified = 0;

  readonly className: string;
  readonly ref: string;
  private readonly database: Database;

  constructor(database: Database, className: string, ref: string, values: Record<string, Value>) {
    super(values);
    this.database = database;
    this.className = className;
    this.ref = ref;
  }

  /** Gives fields new values, keeps both ends of references in step, and lets watchers know. */
  set(changes: Readonly<Record<string, Value>>): void {
    for (const [name, value] of Object.entries(changes)) {
      this.database.unlink(this, name);
      this.held[name] = value;
      this.database.link(this, name);
    }
    this.database.touch(this);
  }

  /** The set behind a field that lists the objects which refer to this one. */
  referrers(field: string): Set<string> {
    const held = this.held[field];
    const set = held instanceof Set ? held : new Set<string>();
    this.held[field] = set;
    return set;
  }
}

export interface Deletion {
  readonly className: string;
  readonly ref: string;
  readonly created: number;
  readonly deleted: number;
}

/** How many deletions are remembered for those who ask what changed. */
const DELETIONS_KEPT = 10_000;

/** The pool's objects, and a count of every change to them. */
export class Database {
  private readonly tables = new Map<string, Map<string, Row>>();
  private readonly uuids = new Map<string, Row>();
  private readonly watchers = new Set<() => void>();
  private deletionLog: Deletion[] = [];
  private count = 0;

  get generation(): number {
    return this.count;
  }

  get deletions(): readonly Deletion[] {
    return this.deletionLog;
  }

  table(className: string): ReadonlyMap<string, Row> {
    let table = this.tables.get(className);
    if (table === undefined) {
      table = new Map();
      this.tables.set(className, table);
    }
    return table;
  }

  all(className: string): readonly Row[] {
    return [...this.table(className).values()];
  }

  find(className: string, ref: string): Row | undefined {
    return this.table(className).get(ref);
  }

  /** Throws HANDLE_INVALID. */
  get(className: string, ref: string): Row {
    const row = this.find(className, ref);
    if (row === undefined) {
      throw new XapiFailure('HANDLE_INVALID', [className, ref]);
    }
    return row;
  }

  /** Throws UUID_INVALID. */
  byUuid(className: string, uuid: string): Row {
    const row = this.uuids.get(`${className} ${uuid}`);
    if (row === undefined) {
      throw new XapiFailure('UUID_INVALID', [className, uuid]);
    }
    return row;
  }

  create(className: string, values: Readonly<Record<string, Value>>): Row {
    const model = CLASSES.get(className);
    if (model === undefined) {
      throw new Error(`no class ${className}`);
    }
    const uuid = typeof values.uuid === 'string' && values.uuid !== '' ? values.uuid : randomUUID();
    const filled: Record<string, Value> = {};
    for (const field of model.fields) {
      const initial = listed.has(`${className}.${field.name}`) ? new Set<string>() : initialOf(field);
      filled[field.name] = values[field.name] ?? initial;
    }
    filled.uuid = uuid;
    const row = new Row(this, className, `OpaqueRef:${randomUUID()}`, filled);
    this.table(className);
    this.tables.get(className)?.set(row.ref, row);
    this.uuids.set(`${className} ${uuid}`, row);
    for (const field of Object.keys(BACKLINKS[className] ?? {})) {
      this.link(row, field);
    }
    this.touch(row);
    row.created = row.modified;
    return row;
  }

  destroy(row: Row): void {
    if (this.tables.get(row.className)?.delete(row.ref) !== true) {
      return;
    }
    this.uuids.delete(`${row.className} ${row.text('uuid')}`);
    for (const field of Object.keys(BACKLINKS[row.className] ?? {})) {
      this.unlink(row, field);
    }
    this.count += 1;
    const { className, ref, created } = row;
    this.deletionLog.push({ className, ref, created, deleted: this.count });
    if (this.deletionLog.length > 2 * DELETIONS_KEPT) {
      this.deletionLog = this.deletionLog.slice(-DELETIONS_KEPT);
    }
    this.notify();
  }

  link(row: Row, field: string): void {
    const target = this.targetOf(row, field);
    if (target !== undefined) {
      target.row.referrers(target.list).add(row.ref);
      this.touch(target.row);
    }
  }

  unlink(row: Row, field: string): void {
    const target = this.targetOf(row, field);
    if (target !== undefined) {
      target.row.referrers(target.list).delete(row.ref);
      this.touch(target.row);
    }
  }

  touch(row: Row): void {
    this.count += 1;
    row.modified = this.count;
    this.notify();
  }

  /** Calls back after every change until the returned function is called. */
  watch(changed: () => void): () => void {
    this.watchers.add(changed);
    return () => this.watchers.delete(changed);
  }

  private notify(): void {
    for (const changed of this.watchers) {
      changed();
    }
  }

  private targetOf(row: Row, field: string): { readonly row: Row; readonly list: string } | undefined {
    const link = BACKLINKS[row.className]?.[field];
    const ref = link === undefined ? NULL_REF : row.text(field);
    const target = link === undefined || ref === NULL_REF ? undefined : this.find(link[0], ref);
    return link === undefined || target === undefined ? undefined : { row: target, list: link[1] };
  }
}
