import { type Call, type Methods, target, VOID } from '../call.js';
import type { Row } from '../database.js';
import { XapiFailure } from '../failure.js';
import { NULL_REF } from '../fields.js';
import type { Value } from '../model/model-types.js';
import {
  assertAttached,
  assertUnused,
  copyDisk,
  createDisk,
  destroyDisk,
  resizeDisk,
  snapshotDisk,
} from '../repository.js';
import { newDevice } from './block-devices.js';

async function createVdi({ state, args }: Call): Promise<Value> {
  const sr = state.database.get('SR', args.text('SR'));
  const row = await createDisk(state, sr, {
    name_label: args.text('name_label'),
    name_description: args.text('name_description'),
    virtual_size: args.number('virtual_size'),
    type: args.text('type'),
    sharable: args.flag('sharable'),
    read_only: args.flag('read_only'),
    other_config: args.map('other_config'),
    xenstore_data: args.map('xenstore_data'),
    sm_config: args.map('sm_config'),
    tags: args.list('tags'),
  });
  return row.ref;
}

async function copyVdi(call: Call): Promise<Value> {
  const { database } = call.state;
  const vdi = target(call, 'VDI', 'vdi');
  const [into, sr] = [call.args.text('into_vdi'), call.args.text('sr')];
  if ((into === NULL_REF) === (sr === NULL_REF)) {
    const reason = 'exactly one of sr and into_vdi must be given';
    throw new XapiFailure('OPERATION_NOT_ALLOWED', [reason]);
  }
  assertUnused(call.state, vdi, 'copy');
  if (into === NULL_REF) {
    return (await copyDisk(call.state, vdi, database.get('SR', sr))).ref;
  }
  const given = database.get('VDI', into);
  assertUnused(call.state, given, 'copy');
  if (given.flag('read_only')) {
    throw new XapiFailure('VDI_READONLY', [given.ref]);
  }
  const size = vdi.number('virtual_size');
  if (given.number('virtual_size') < size) {
    throw new XapiFailure('VDI_TOO_SMALL', [given.ref, String(size)]);
  }
  return (await copyDisk(call.state, vdi, database.get('SR', given.text('SR')), { into: given })).ref;
}

function vmOf(call: Call, vm: string): Row {
  return call.state.database.get('VM', vm);
}

function assertNotMoving(row: Row): void {
  const [operation] = Object.entries(row.map('current_operations')).filter(
    ([, name]) => name === 'migrate_send',
  );
  if (operation !== undefined) {
    throw new XapiFailure('OTHER_OPERATION_IN_PROGRESS', ['VM', row.ref, operation[1], operation[0]]);
  }
}

function createVbd(call: Call): Value {
  const { state, args } = call;
  const vm = vmOf(call, args.text('VM'));
  const [type, mode, empty] = [args.text('type'), args.text('mode'), args.flag('empty')];
  assertNotMoving(vm);
  if (type === 'CD' && mode !== 'RO') {
    throw new XapiFailure('VBD_CDS_MUST_BE_READONLY');
  }
  if (empty && type !== 'CD') {
    throw new XapiFailure('VBD_NOT_REMOVABLE_MEDIA', ['in constructor']);
  }
  const vdi = empty ? undefined : state.database.get('VDI', args.text('VDI'));
  if (vdi?.flag('read_only') === true && mode === 'RW') {
    throw new XapiFailure('VDI_READONLY', [vdi.ref]);
  }
  const used = vm.list('VBDs').map((ref) => state.database.get('VBD', ref).text('userdevice'));
  const userdevice = newDevice(used, args.text('userdevice'));
  const row = state.database.create('VBD', {
    ...args.values,
    VDI: vdi?.ref ?? NULL_REF,
    userdevice,
    device: '',
    currently_attached: false,
    allowed_operations: ['attach'],
  });
  return row.ref;
}

function destroyVbd(call: Call): Value {
  const row = target(call, 'VBD');
  if (row.flag('currently_attached')) {
    const reason = `VBD '${row.text('uuid')}' still attached to '${row.text('VM')}'`;
    throw new XapiFailure('OPERATION_NOT_ALLOWED', [reason]);
  }
  call.state.database.destroy(row);
  return VOID;
}

function assertRemovable(row: Row): void {
  if (row.text('type') !== 'CD') {
    throw new XapiFailure('VBD_NOT_REMOVABLE_MEDIA', [row.ref]);
  }
}

/** Repositories, disks and their attachments. */
export const storageMethods: Methods = {
  'SR.scan': (call) => {
    assertAttached(call.state, target(call, 'SR', 'sr'));
    return VOID;
  },
  'SR.set_name_label': (call) => {
    target(call, 'SR', 'sr').set({ name_label: call.args.text('value') });
    return VOID;
  },
  'SR.set_name_description': (call) => {
    target(call, 'SR', 'sr').set({ name_description: call.args.text('value') });
    return VOID;
  },
  'PBD.plug': (call) => {
    target(call, 'PBD').set({ currently_attached: true });
    return VOID;
  },
  'PBD.unplug': (call) => {
    const plug = target(call, 'PBD');
    for (const ref of call.state.database.get('SR', plug.text('SR')).list('VDIs')) {
      assertUnused(call.state, call.state.database.get('VDI', ref), 'attach');
    }
    plug.set({ currently_attached: false });
    return VOID;
  },
  'VDI.create': createVdi,
  'VDI.destroy': async (call) => {
    await destroyDisk(call.state, target(call, 'VDI'));
    return VOID;
  },
  'VDI.copy': copyVdi,
  'VDI.clone': async ({ state, args }) => {
    const vdi = state.database.get('VDI', args.text('vdi'));
    return (await copyDisk(state, vdi, state.database.get('SR', vdi.text('SR')))).ref;
  },
  'VDI.snapshot': async (call) => (await snapshotDisk(call.state, target(call, 'VDI', 'vdi'))).ref,
  'VDI.resize': async (call) => {
    await resizeDisk(call.state, target(call, 'VDI', 'vdi'), call.args.number('size'));
    return VOID;
  },
  'VDI.get_nbd_info': (call) => {
    target(call, 'VDI');
    return [];
  },
  'VBD.create': createVbd,
  'VBD.destroy': destroyVbd,
  'VBD.insert': (call) => {
    const row = target(call, 'VBD', 'vbd');
    assertRemovable(row);
    if (!row.flag('empty')) {
      throw new XapiFailure('VBD_NOT_EMPTY', [row.ref]);
    }
    row.set({ VDI: target(call, 'VDI', 'vdi').ref, empty: false });
    return VOID;
  },
  'VBD.eject': (call) => {
    const row = target(call, 'VBD', 'vbd');
    assertRemovable(row);
    if (row.flag('empty')) {
      throw new XapiFailure('VBD_IS_EMPTY', [row.ref]);
    }
    row.set({ VDI: NULL_REF, empty: true });
    return VOID;
  },
};
