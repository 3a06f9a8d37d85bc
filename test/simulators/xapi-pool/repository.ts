import type { Row } from './database.js';
import type { Disk } from './disk-store.js';
import { XapiFailure } from './failure.js';
import { NULL_REF } from './fields.js';
import type { Value } from './model/model-types.js';
import type { PoolState } from './pool-state.js';

const MIB = 1024 * 1024;
const SMALLEST = 2 * MIB;
/** The largest disk of a VHD, which is what repositories store without qcow2. */
const LARGEST = 2040 * 1024 * MIB;

/** Repositories of these types take a disk's whole size when it is created. */
const THICK: ReadonlySet<string> = new Set(['lvm', 'lvmoiscsi', 'lvmohba', 'lvmofcoe']);

function isThick(sr: Row): boolean {
  return THICK.has(sr.text('type'));
}

function noSpace(): XapiFailure {
  return new XapiFailure('SR_BACKEND_FAILURE_44', ['', 'There is insufficient space', '']);
}

/** The attachments of a repository that work, by the host that has them. */
export function attachedHosts(state: PoolState, sr: Row): ReadonlySet<string> {
  const plugs = sr.list('PBDs').map((ref) => state.database.get('PBD', ref));
  return new Set(plugs.filter((plug) => plug.flag('currently_attached')).map((plug) => plug.text('host')));
}

/** Throws SR_HAS_NO_PBDS or SR_NOT_ATTACHED. */
export function assertAttached(state: PoolState, sr: Row): void {
  if (sr.list('PBDs').length === 0) {
    throw new XapiFailure('SR_HAS_NO_PBDS', [sr.ref]);
  }
  if (attachedHosts(state, sr).size === 0) {
    throw new XapiFailure('SR_NOT_ATTACHED', [sr.ref]);
  }
}

/** A size as the repository stores it; throws the storage's error for one that it does not store. */
function storedSize(size: number): number {
  const rounded = Math.max(SMALLEST, Math.ceil(size / SMALLEST) * SMALLEST);
  if (!(size > 0) || rounded > LARGEST) {
    const reason = 'VDI Invalid size [opterr=VDI size must be between 1 MB and 2088960 MB]';
    throw new XapiFailure('SR_BACKEND_FAILURE_79', ['', reason, '']);
  }
  return rounded;
}

function account(sr: Row, used: number, virtual: number): void {
  sr.set({
    physical_utilisation: sr.number('physical_utilisation') + used,
    virtual_allocation: sr.number('virtual_allocation') + virtual,
  });
}

/** Creates a disk and its content; throws the storage's errors. */
export async function createDisk(
  state: PoolState,
  sr: Row,
  fields: Readonly<Record<string, Value>>,
): Promise<Row> {
  assertAttached(state, sr);
  if (sr.text('content_type') === 'iso') {
    throw new XapiFailure('SR_OPERATION_NOT_SUPPORTED', [sr.ref]);
  }
  const size = storedSize(Number(fields.virtual_size));
  const used = isThick(sr) ? size : 0;
  const free = sr.number('physical_size') - sr.number('physical_utilisation');
  if (used > free || free <= 0) {
    throw noSpace();
  }
  const row = state.database.create('VDI', {
    ...fields,
    SR: sr.ref,
    virtual_size: size,
    physical_utilisation: used,
    managed: true,
    allowed_operations: ['clone', 'copy', 'destroy', 'resize', 'snapshot', 'update'],
  });
  row.set({ location: row.text('uuid') });
  await state.disks.add(row.ref, row.text('uuid'), size);
  account(sr, used, size);
  return row;
}

/** Throws VDI_IN_USE while something has it attached. */
export function assertUnused(state: PoolState, vdi: Row, operation: string): void {
  const attached = vdi
    .list('VBDs')
    .some((ref) => state.database.find('VBD', ref)?.flag('currently_attached') === true);
  if (attached) {
    throw new XapiFailure('VDI_IN_USE', [vdi.ref, operation]);
  }
}

export async function destroyDisk(state: PoolState, vdi: Row): Promise<void> {
  assertUnused(state, vdi, 'destroy');
  const sr = state.database.get('SR', vdi.text('SR'));
  assertAttached(state, sr);
  for (const ref of vdi.list('VBDs')) {
    const vbd = state.database.get('VBD', ref);
    if (vbd.text('type') === 'CD') {
      vbd.set({ VDI: NULL_REF, empty: true });
    } else {
      state.database.destroy(vbd);
    }
  }
  account(sr, -vdi.number('physical_utilisation'), -vdi.number('virtual_size'));
  state.database.destroy(vdi);
  await state.disks.remove(vdi.ref);
}

/** Takes the room that a write needs; throws if there is none. */
export function makeRoom(state: PoolState, vdi: Row, disk: Disk, offset: number, length: number): void {
  const sr = state.database.get('SR', vdi.text('SR'));
  const growth = isThick(sr) ? 0 : disk.growthFor(offset, length);
  disk.take(offset, length);
  if (growth === 0) {
    return;
  }
  if (growth > sr.number('physical_size') - sr.number('physical_utilisation')) {
    throw noSpace();
  }
  account(sr, growth, 0);
  vdi.set({ physical_utilisation: vdi.number('physical_utilisation') + growth });
}

export async function resizeDisk(state: PoolState, vdi: Row, wanted: number): Promise<void> {
  assertUnused(state, vdi, 'resize');
  const size = storedSize(wanted);
  const before = vdi.number('virtual_size');
  if (size < before) {
    throw new XapiFailure('SR_BACKEND_FAILURE_79', [
      '',
      'VDI Invalid size [opterr=shrinking not allowed]',
      '',
    ]);
  }
  const sr = state.database.get('SR', vdi.text('SR'));
  const used = isThick(sr) ? size - before : 0;
  if (used > sr.number('physical_size') - sr.number('physical_utilisation')) {
    throw noSpace();
  }
  account(sr, used, size - before);
  vdi.set({ virtual_size: size, physical_utilisation: vdi.number('physical_utilisation') + used });
  await state.disks.resize(vdi.ref, size);
}

/** A second disk of the same content. */
export async function copyDisk(state: PoolState, vdi: Row, sr: Row, into?: Row): Promise<Row> {
  const source = state.disks.get(vdi.ref);
  const copied = ['name_label', 'name_description', 'type', 'other_config', 'tags', 'virtual_size'];
  const fields = Object.fromEntries(copied.map((name) => [name, vdi.value(name)]));
  const target = into ?? (await createDisk(state, sr, fields));
  const disk = state.disks.get(target.ref);
  if (source !== undefined && disk !== undefined) {
    for (const { offset, length } of source.written()) {
      makeRoom(state, target, disk, offset, length);
    }
    await state.disks.copy(vdi.ref, target.ref);
  }
  return target;
}

/** A disk that a transfer has attached to a host's own system. */
export interface Attachment {
  /** From here on others wait until it is let go; before that they find it in use. */
  readonly leave: () => void;
  /** After a transfer that broke, the storage takes its time to let the disk go. */
  readonly detach: (broken: boolean) => Promise<void>;
}

/**
 * Attaches a disk to a host's own system, as transfers do. Waits while it is being detached, as the pool does for an
 * operation that is under way; throws VDI_IN_USE for a disk that is used.
 */
export async function attachToHost(
  state: PoolState,
  vdi: Row,
  host: string,
  mode: 'RO' | 'RW',
): Promise<Attachment> {
  const { database, detaching, timings } = state;
  while (detaching.has(vdi.ref)) {
    await detaching.get(vdi.ref);
  }
  assertUnused(state, vdi, 'attach');
  const vbd = database.create('VBD', {
    VM: state.controlDomains.get(host) ?? NULL_REF,
    VDI: vdi.ref,
    mode,
    type: 'Disk',
    device: 'sm/backend',
    userdevice: 'autodetect',
    currently_attached: true,
    unpluggable: true,
  });
  let letGo = (): void => {};
  const leave = (): void => {
    if (!detaching.has(vdi.ref)) {
      const gone = new Promise<void>((resolve) => {
        letGo = resolve;
      });
      detaching.set(vdi.ref, gone);
    }
  };
  const detach = async (broken: boolean): Promise<void> => {
    leave();
    if (broken) {
      await new Promise((resolve) => setTimeout(resolve, timings.detachMs));
    }
    database.destroy(vbd);
    detaching.delete(vdi.ref);
    letGo();
  };
  return { leave, detach };
}
