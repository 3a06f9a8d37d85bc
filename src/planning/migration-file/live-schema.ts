import { z } from 'zod';
import { LIVE_MOVES, LIVE_READS, SOURCE_CHANGES } from '../../model/live.js';
import { NAME } from './words.js';

const MINUTES = z.number().nonnegative().max(10_080);

/** On every machine that moves machines. */
const ABSOLUTE_PATH = z.string().regex(/^\/[^\0\r\n]*$/, 'an absolute path is needed');

const VDDK = z.strictObject({
  /** Folder that VMware's archive unpacks to: `/opt/vmware-vix-disklib-distrib`. */
  library: ABSOLUTE_PATH,
  /** nbdkit-vddk-plugin.so; where nbdkit looks for it when left out. */
  plugin: ABSOLUTE_PATH.optional(),
  /** Ways to the disk, the best first; `nbdssl:nbd` when left out. */
  transports: z
    .string()
    .regex(/^(?:nbdssl|nbd|hotadd|san|file)(?::(?:nbdssl|nbd|hotadd|san|file))*$/)
    .optional(),
});

/** How machines of a vCenter or an ESXi host are moved: docs/live.md. */
export const LIVE = z.strictObject({
  /** `cold` when left out. */
  move: z.enum(LIVE_MOVES).optional(),
  /** `datastore` when left out. */
  read: z.enum(LIVE_READS).optional(),
  /** For `read: vddk`, which needs it. */
  vddk: VDDK.optional(),
  /** What may be done to machines at the source; nothing when left out. */
  allow: z.array(z.enum(SOURCE_CHANGES)).optional(),
  shutDown: z
    .strictObject({
      /** The guest has so long. */
      minutes: MINUTES.positive().default(10),
      /** What becomes of one that goes on running. */
      otherwise: z.enum(['fail', 'powerOff']).default('fail'),
    })
    .optional(),
  precopy: z
    .strictObject({
      /** Over what has changed, before the machine is shut down. */
      passes: z.number().int().nonnegative().max(1000).default(3),
      pauseMinutes: MINUTES.default(5),
    })
    .optional(),
  cutover: z.strictObject({ window: NAME }).optional(),
  afterwards: z
    .strictObject({
      /** `{name}` stands for the name it had. */
      rename: NAME.optional(),
      /** Takes its network cards off the network. */
      disconnect: z.boolean().default(false),
    })
    .optional(),
  /** For so many days after its move `xenferry rollback` takes a machine back; 14 when left out. */
  rollbackDays: z.number().nonnegative().max(3650).optional(),
});
