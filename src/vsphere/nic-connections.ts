import { z } from 'zod';
import { XenferryError } from '../model/errors.js';
import { type RetrieveOptions, retrieveOne } from './retrieve.js';
import { runTask, type TaskWatching } from './tasks.js';
import { arrayOf, FLAG, WHOLE_NUMBER } from './vim-schemas.js';
import type { Ref, VimArgument, VimObject } from './vim-value.js';
import type { VsphereClient } from './vsphere-client.js';

/** Whether a network card has its cable in. */
export interface NicConnection {
  readonly key: number;
  /** When the machine starts. */
  readonly startConnected: boolean;
  /** Now; of a machine that is off it says nothing. */
  readonly connected: boolean;
}

const DEVICES = 'config.hardware.device';

/** A network card is what has an address; its other fields are given back as they came. */
const NIC = z.looseObject({
  key: WHOLE_NUMBER,
  macAddress: z.string(),
  connectable: z.looseObject({ startConnected: FLAG, connected: FLAG }),
});
const DEVICE = z.custom<VimObject>((value) => typeof value === 'object' && value !== null);

/** How the network cards of a machine are connected. Rejects as `retrieveOne` does. Needs System.Read. */
export async function nicConnections(
  client: VsphereClient,
  machine: Ref,
  options: RetrieveOptions = {},
): Promise<NicConnection[]> {
  return (await nicsOf(client, machine, options)).map(({ connection }) => connection);
}

/**
 * Connects network cards as is told, or takes them off; those that are not named stay as they are. Rejects as `runTask`
 * does. Needs VirtualMachine.Config.EditDevice, and of a running machine VirtualMachine.Interact.DeviceConnection.
 */
export async function connectNics(
  client: VsphereClient,
  machine: Ref,
  wanted: readonly NicConnection[],
  watching: TaskWatching = {},
): Promise<void> {
  const byKey = new Map(wanted.map((nic) => [nic.key, nic]));
  const deviceChange = (await nicsOf(client, machine, { signal: watching.signal })).flatMap(
    ({ connection, device, connectable }): VimArgument[] => {
      const nic = byKey.get(connection.key);
      if (nic === undefined) return [];
      const { startConnected, connected } = nic;
      // Whatever is not given back may be taken for a wish to have it changed.
      const changed = { ...device, connectable: { ...connectable, startConnected, connected } };
      return [{ _type: 'VirtualDeviceConfigSpec', operation: 'edit', device: changed }];
    },
  );
  if (deviceChange.length === 0) return;
  await runTask(client, 'ReconfigVM_Task', machine, { spec: { deviceChange } }, watching);
}

interface FoundNic {
  readonly connection: NicConnection;
  /** As the server tells it. */
  readonly device: VimObject;
  readonly connectable: VimObject;
}

async function nicsOf(client: VsphereClient, machine: Ref, options: RetrieveOptions): Promise<FoundNic[]> {
  const devices = arrayOf(DEVICE).safeParse(
    (await retrieveOne(client, machine, [DEVICES], options))[DEVICES],
  );
  if (!devices.success) {
    throw new XenferryError('VSPHERE_PROTOCOL', `${machine.value} has no usable list of devices`, {
      file: client.shown,
    });
  }
  return devices.data.flatMap((device) => {
    const nic = NIC.safeParse(device);
    const connectable = DEVICE.safeParse(device.connectable);
    if (!nic.success || !connectable.success) return [];
    const { key } = nic.data;
    const { startConnected, connected } = nic.data.connectable;
    return [{ connection: { key, startConnected, connected }, device, connectable: connectable.data }];
  });
}
