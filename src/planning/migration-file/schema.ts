import { z } from 'zod';
import { BOND_MODES, READ_BACK_AMOUNTS, XL_DISK_FORMATS } from '../../model/destination.js';
import { LIVE_MOVES } from '../../model/live.js';
import { FIXUP_MODES, HA_PRIORITIES } from '../../model/plan.js';
import { NOTIFICATIONS_SCHEMA } from '../../notifications/index.js';
import { LIVE } from './live-schema.js';
import {
  BANDWIDTH,
  BLACK_OUTS,
  INSTANT,
  LIMITS_SCHEMA,
  NAMED_LIMITS,
  NIGHT,
  TURN,
  WINDOW_SCHEMA,
} from './night-schema.js';
import { NAME } from './words.js';

/** Kinds of files that machines can become. */
export const FILE_KINDS = ['xva', 'xva-zstd', 'vhd', 'xl'] as const;

/** A pattern in which `*` stands for anything; letter case does not count. */
const GLOB = z.string().min(1);
const GIB = z.number().nonnegative();
/** Id of a concern. */
const CONCERN_ID = z.string().regex(/^[A-Z][A-Z0-9_]*$/, 'must be the id of a concern, like NIC_SRIOV');
/** Why the operator goes on regardless, by concern. */
const WAIVERS = z.record(CONCERN_ID, z.string().min(1));

/** All of what it names must fit. */
const SELECTOR = z.strictObject({
  name: GLOB.optional(),
  /** In the VMs-and-templates tree; a folder stands for those in it as well. */
  folder: GLOB.optional(),
  tag: GLOB.optional(),
  cluster: GLOB.optional(),
  host: GLOB.optional(),
  powerState: z.enum(['on', 'off', 'suspended']).optional(),
  /** CSV file with a column `name`, `uuid` or `id`, relative to the migration file. */
  list: NAME.optional(),
  /** A CEL expression over `vm`, as in rules. */
  where: z.string().min(1).optional(),
});

const MAPPING = z.strictObject({ from: GLOB, to: NAME });

/** Where a key is: a file, relative to the migration file, or an environment variable. */
const KEY = z.union([z.strictObject({ file: NAME }), z.strictObject({ environment: NAME })]);

/** How servers are logged in at. */
const SERVER_REFERENCE = z.strictObject({
  user: NAME,
  password: KEY,
  /** SHA-256 of the certificates of its hosts; without any, those the system trusts. */
  tlsFingerprints: z
    .array(
      z
        .string()
        .regex(
          /^([0-9a-fA-F]{2}:?){31}[0-9a-fA-F]{2}$/,
          'must be a SHA-256 fingerprint: 64 hexadecimal digits',
        ),
    )
    .default([]),
});

const SOURCE = z.union([
  z.strictObject({
    /** Folder, .ovf, .ova or .vmx, relative to the migration file. */
    path: NAME,
    /** Of an OVF's DeploymentOptions; its default one when left out. */
    configuration: NAME.optional(),
  }),
  z.strictObject({
    /** RVTools' .xlsx, or the folder of its CSV files. */
    rvtools: NAME,
  }),
  SERVER_REFERENCE.extend({
    /** Address of a vCenter or an ESXi host. */
    vsphere: z.url({ protocol: /^https$/ }),
  }),
]);

const HOST = z.strictObject({
  name: NAME,
  memoryGiB: GIB,
  cpus: z.number().int().positive(),
  /** GPUs it can hand to machines. */
  gpus: z.number().int().nonnegative().default(0),
});

const STORAGE = z.strictObject({
  name: NAME,
  freeGiB: GIB,
  /** Thick repositories (LVM) take a disk's whole capacity. */
  provisioning: z.enum(['thin', 'thick']).default('thin'),
  /** Above 2040 GiB a disk needs `qcow2`, or a raw repository. */
  format: z.enum(['vhd', 'qcow2', 'raw']).default('vhd'),
});

const NEW_NETWORK = z.strictObject({
  name: NAME,
  mtu: z.number().int().min(68).max(65535).default(1500),
  /** One of the two; neither makes a network without a wire. */
  vlan: z
    .strictObject({
      tag: z.number().int().min(0).max(4094),
      /** A device such as `eth1` or `bond0`, or the name of its network. */
      on: NAME,
    })
    .optional(),
  bond: z
    .strictObject({
      /** Of every host. */
      devices: z.array(NAME).min(2),
      mode: z.enum(BOND_MODES).default('balance-slb'),
      /** As XAPI has them, such as `hashing_algorithm`. */
      properties: z.record(NAME, z.string()).default({}),
    })
    .optional(),
});

const POOL_REFERENCE = SERVER_REFERENCE.extend({
  /** Of any member. */
  url: z.url({ protocol: /^https$/ }),
});

/** With machines that are imported and verified, in this order. */
const AFTER_IMPORT = z.strictObject({
  /** To their final place. */
  move: z
    .strictObject({
      /** From the repositories of the import to others; the first that fits. */
      storage: z.array(MAPPING).default([]),
      /** Host that is to run them, by name or UUID. */
      host: NAME.optional(),
      /** Another pool. */
      pool: POOL_REFERENCE.optional(),
      /** Of `windows`: a move begins only in it. */
      window: NAME.optional(),
    })
    .optional(),
  /** Name of a snapshot before the first start. */
  snapshot: NAME.optional(),
  start: z
    .strictObject({
      /** For so long a machine must run. */
      runningSeconds: z.number().nonnegative().max(86_400).default(30),
      /** In so long its guest must have told an address. */
      addressSeconds: z.number().positive().max(86_400).optional(),
    })
    .optional(),
});

const POOL = POOL_REFERENCE.extend({
  /** How much of every disk is read back and compared. */
  readBack: z.enum(READ_BACK_AMOUNTS).default('all'),
  /** Disks on their way at the same time. */
  disksPerHost: z.number().int().positive().max(64).default(4),
  disksPerStorage: z.number().int().positive().max(64).default(8),
  /** Made when the pool has none of that name. */
  newNetworks: z.array(NEW_NETWORK).default([]),
  /** What is done with machines that are imported and verified. */
  after: AFTER_IMPORT.optional(),
});

const TARGET = z.strictObject({
  /** Folder for the report, the ledger and the machines as files, relative to the migration file. */
  folder: NAME.optional(),
  /** What machines become in the folder; `xva` when left out. */
  into: z.enum(FILE_KINDS).optional(),
  /** Of `xl`; `raw` when left out. */
  diskFormat: z.enum(XL_DISK_FORMATS).optional(),
  /** They become VMs of this pool instead. */
  pool: POOL.optional(),
  product: z.enum(['xenserver', 'xcp-ng']).optional(),
  /** Such as `8.3`. */
  release: NAME.optional(),
  /** Whether the pool has the certificates that Secure Boot needs. */
  secureBootCertificates: z.boolean().optional(),
  hosts: z.array(HOST).optional(),
  storage: z.array(STORAGE).optional(),
  networks: z.array(z.strictObject({ name: NAME })).optional(),
});

/** Whether guests are changed so that they run on Xen. */
const FIXUPS = z.enum(FIXUP_MODES);

const MACHINE = z.strictObject({
  /** Leaves the machine out. */
  skip: z.boolean().optional(),
  targetName: NAME.optional(),
  profile: NAME.optional(),
  /** For all its network cards. */
  network: NAME.optional(),
  /** By the card's number, from 0. */
  nics: z
    .record(
      z.string().regex(/^\d+$/, 'must be a number'),
      z.strictObject({
        network: NAME.optional(),
        mac: z
          .union([
            z.literal('new'),
            z
              .string()
              .regex(/^([0-9a-fA-F]{2}:){5}[0-9a-fA-F]{2}$/, 'must be a MAC address, like 00:16:3e:12:34:56'),
          ])
          .optional(),
      }),
    )
    .optional(),
  /** For all its disks. */
  storage: NAME.optional(),
  /** By the disk's number, from 0. */
  disks: z
    .record(z.string().regex(/^\d+$/, 'must be a number'), z.strictObject({ storage: NAME }))
    .optional(),
  wave: NAME.optional(),
  startOrder: z.number().int().nonnegative().optional(),
  startDelaySeconds: z.number().nonnegative().optional(),
  ...TURN,
  /** Machines that must be there before this one is moved, by name, UUID or id. */
  after: z.array(NAME).min(1).max(1000).optional(),
  /** Whether a pool with high availability restarts it on another host; it does not when left out. */
  haPriority: z.enum(HA_PRIORITIES).optional(),
  /** Name or UUID of the pool's GPU group of which the machine gets a whole GPU. */
  gpuGroup: NAME.optional(),
  /** Addresses of the host's PCI devices that the machine gets, such as `0000:04:00.0`. */
  pci: z
    .array(z.string().regex(/^[0-9a-f]{4}:[0-9a-f]{2}:[01][0-9a-f]\.[0-7]$/))
    .min(1)
    .max(16)
    .optional(),
  /** Name or UUID of the host on which it starts when it can. */
  homeHost: NAME.optional(),
  fixups: FIXUPS.optional(),
  /** For one of a vCenter or an ESXi host. */
  move: z.enum(LIVE_MOVES).optional(),
  waive: WAIVERS.optional(),
});

const WAVE = z.strictObject({
  name: NAME,
  /** A machine belongs to the first wave that names it; one that none names, to the last. */
  machines: z.array(SELECTOR).optional(),
  window: NAME.optional(),
  /** For those of its machines that say nothing themselves. */
  ...TURN,
});

/** From a KiB to a PiB a second: what an estimate reckons with stays a number. */
const MIB_PER_SECOND = z.number().min(0.001).max(1e9);

export const RATES_SCHEMA = z.strictObject({
  sourceMiBps: MIB_PER_SECOND,
  networkMiBps: MIB_PER_SECOND,
  threadMiBps: MIB_PER_SECOND,
  targetMiBps: MIB_PER_SECOND,
  secondsPerMachine: z.number().nonnegative().max(1e6),
});

/** The migration file: what is moved, where to, when, and what the operator has decided. */
export const MIGRATION_SCHEMA = z.strictObject({
  version: z.literal(1),
  sources: z.array(SOURCE).min(1).optional(),
  target: TARGET.optional(),
  /** Any of them; all machines when left out. */
  select: z.array(SELECTOR).optional(),
  exclude: z.array(SELECTOR).optional(),
  /** The first that fits. */
  networks: z.array(MAPPING).optional(),
  /** From datastores to storage repositories; the first that fits. */
  storage: z.array(MAPPING).optional(),
  /** From guest ids to profiles; the first that fits. */
  profiles: z.array(MAPPING).optional(),
  /** For all machines; `auto` when left out. */
  fixups: FIXUPS.optional(),
  guests: z
    .strictObject({
      /** Folder with guest tools to install (.deb, .rpm, .msi), relative to the migration file. */
      tools: NAME.optional(),
      /** Where passphrases of LUKS volumes are; each is tried on every one. Files are relative to the migration file. */
      luksKeys: z.array(KEY).optional(),
      /** Has guests opened by libguestfs alone, in a machine of its own: for estates that nobody vouches for. */
      isolate: z.boolean().optional(),
    })
    .optional(),
  /** How machines of a vCenter or an ESXi host are moved. */
  live: LIVE.optional(),
  /** What one machine has of its own, by name, UUID or id. */
  machines: z.record(NAME, MACHINE).optional(),
  /** One after the other. */
  waves: z.array(WAVE).min(1).optional(),
  windows: z.record(NAME, WINDOW_SCHEMA).optional(),
  blackOuts: BLACK_OUTS.optional(),
  bandwidth: BANDWIDTH.optional(),
  night: NIGHT.optional(),
  /** When the first wave may begin: ISO 8601, such as `2026-11-27T22:00:00+01:00`. */
  start: INSTANT.optional(),
  limits: LIMITS_SCHEMA.partial().extend(NAMED_LIMITS).optional(),
  rates: RATES_SCHEMA.partial().optional(),
  waive: WAIVERS.optional(),
  /** Who is told what: docs/notifications.md. */
  notifications: NOTIFICATIONS_SCHEMA.optional(),
  /** Files with rules of one's own, relative to the migration file. */
  rules: z.array(NAME).optional(),
});

export type Migration = z.infer<typeof MIGRATION_SCHEMA>;
export type Selector = z.infer<typeof SELECTOR>;
export type MachineOverrides = z.infer<typeof MACHINE>;
export type TargetFacts = z.infer<typeof TARGET>;
