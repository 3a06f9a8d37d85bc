/**
 * Every error code, once. `docs/errors.md` has a paragraph for each; a test keeps the two equal.
 * The category decides the exit code and whether a retry makes sense.
 */
export type ErrorCategory =
  | 'usage'
  | 'plan'
  | 'source'
  | 'format'
  | 'tool'
  | 'guest'
  | 'target'
  | 'pool'
  | 'verify'
  | 'service'
  | 'canceled'
  | 'internal';

interface CatalogEntry {
  readonly category: ErrorCategory;
  /** What the operator does next, unless the place of the error knows better. */
  readonly hint: string;
}

const EXPORT_AGAIN = 'Export or copy the disk again; the file is damaged or incomplete.';

export const ERROR_CATALOG = {
  USAGE: { category: 'usage', hint: 'See xenferry --help.' },
  CONFIG_INVALID: { category: 'usage', hint: 'Correct the named setting and run the same command again.' },
  PROFILE_INVALID: { category: 'usage', hint: 'Correct the profile file.' },

  PLAN_BLOCKED: { category: 'plan', hint: 'Resolve the critical concerns of the plan, then run it again.' },
  PLAN_CHANGED: {
    category: 'plan',
    hint: 'Look at the plan as it is now, and start the batch again.',
  },
  PLAN_NO_MACHINES: {
    category: 'plan',
    hint: 'Point xenferry at a folder with .ovf, .ova or .vmx files, or widen --only.',
  },
  PLAN_NO_DISKS: { category: 'plan', hint: 'Export the machine again with its disks, or leave it out.' },
  PLAN_TOO_MANY_DISKS: { category: 'plan', hint: 'Detach or merge disks; Xen takes 16 per HVM guest.' },
  PLAN_TOO_MANY_NICS: { category: 'plan', hint: 'Remove NICs; a XenServer guest takes 7.' },
  PLAN_NAME_TAKEN: {
    category: 'plan',
    hint: 'Rename one of the machines; their output files would collide.',
  },

  PLAN_SOURCE_CHANGE: {
    category: 'plan',
    hint: 'Add what is named to live.allow of the migration file, or bring the machine into that state yourself.',
  },
  ROLLBACK_REFUSED: {
    category: 'plan',
    hint: 'Mend what is named, then run the same command again.',
  },
  PLAN_WARM_TARGET: {
    category: 'plan',
    hint: 'Move it cold, or as a copy, or name a pool as the target.',
  },
  PLAN_NO_SNAPSHOT: { category: 'plan', hint: 'Move the machine cold.' },
  PLAN_WARM_SNAPSHOTS: {
    category: 'plan',
    hint: 'Remove its snapshots, move it cold, copy it with read: export, or have it read by read: vddk.',
  },
  PLAN_DUPLICATE_MAC: { category: 'plan', hint: 'Change one of the two addresses before both machines run.' },
  PLAN_CPU_TOPOLOGY: { category: 'plan', hint: 'Set the cores per socket after the import.' },
  PLAN_SECURE_BOOT: {
    category: 'plan',
    hint: 'Install the Secure Boot certificates on the pool, or turn Secure Boot off after the import.',
  },

  SOURCE_NOT_FOUND: { category: 'source', hint: 'Check the path and its permissions.' },
  SOURCE_UNREADABLE: { category: 'source', hint: 'Check the permissions and the health of the storage.' },
  SOURCE_CHANGED: {
    category: 'source',
    hint: 'Leave the source untouched while it is converted, then run the same command again.',
  },
  SOURCE_UNAUTHORIZED: {
    category: 'source',
    hint: 'Check the user, the password and the rights of the URL; a signed URL may have expired.',
  },
  VDDK_UNUSABLE: {
    category: 'tool',
    hint: 'Install nbdkit with its vddk plugin, and name the folder of the unpacked VDDK in live.vddk.library (docs/live.md).',
  },
  VSPHERE_SHUTDOWN: {
    category: 'source',
    hint: 'Shut the guest down yourself, give it more time in live.shutDown, or allow powerOff there.',
  },
  VSPHERE_NO_SPACE: {
    category: 'source',
    hint: 'Free space on the datastore, or move the machine cold, which takes no snapshot.',
  },
  VSPHERE_UNREACHABLE: {
    category: 'source',
    hint: 'Check the address, the network and the certificate of the server, then run the same command again.',
  },
  VSPHERE_LOGIN: {
    category: 'source',
    hint: 'Check the user, its domain and the password, then run the same command again.',
  },
  VSPHERE_DENIED: {
    category: 'source',
    hint: 'Give the user a role with the named privilege (docs/vsphere.md), then run the same command again.',
  },
  VSPHERE_PROTOCOL: {
    category: 'source',
    hint: 'Check that a vCenter or an ESXi host answers at this address.',
  },
  VSPHERE_OBJECT_MISSING: {
    category: 'source',
    hint: 'Somebody removed it meanwhile; read the inventory again.',
  },
  VSPHERE_LEASE_LOST: {
    category: 'source',
    hint: 'Run the same command again; the export begins anew.',
  },
  VSPHERE_FAULT: {
    category: 'source',
    hint: 'Do what the message of the server says, then run the same command again.',
  },
  HTTP_NO_RANGES: {
    category: 'source',
    hint: 'Copy the file to this machine, or serve it by a server that answers range requests.',
  },
  NBD_PROTOCOL: {
    category: 'source',
    hint: 'Check that an NBD server listens there; qemu-nbd and nbdkit are known to work.',
  },
  OVF_MALFORMED: { category: 'source', hint: 'Export the machine again.' },
  OVF_TOO_LARGE: {
    category: 'source',
    hint: 'This is not a descriptor any VMware product writes; export again.',
  },
  OVF_UNSAFE_PATH: {
    category: 'source',
    hint: 'The descriptor points outside its own folder; do not trust this export.',
  },
  OVF_FILE_MISSING: { category: 'source', hint: 'Copy the missing file next to its descriptor.' },
  OVF_FILE_SIZE: {
    category: 'source',
    hint: 'Copy the file again; its size is not the one the descriptor gives.',
  },
  OVF_UNSUPPORTED: { category: 'source', hint: 'Export the machine again with default options.' },
  OVA_MALFORMED: { category: 'source', hint: 'Copy or export the OVA again.' },
  MANIFEST_MALFORMED: {
    category: 'source',
    hint: 'Export the machine again, or remove the manifest knowingly.',
  },
  MANIFEST_MISMATCH: {
    category: 'source',
    hint: 'The file is not the one that was exported; copy it again.',
  },
  OVF_SIGNATURE: {
    category: 'source',
    hint: 'Get the package again from who signed it, or remove its .cert file knowingly.',
  },
  VMX_MALFORMED: { category: 'source', hint: 'Copy the .vmx file again from the datastore.' },
  VMX_IN_USE: {
    category: 'source',
    hint: 'Shut the machine down and copy it again; ignore a lock that a crash has left behind.',
  },
  VMX_UNSUPPORTED: { category: 'source', hint: 'Decrypt the machine in vSphere and copy it again.' },
  RVTOOLS_MALFORMED: { category: 'source', hint: 'Export all tabs from RVTools again, to .xlsx or CSV.' },
  RVTOOLS_TOO_LARGE: {
    category: 'source',
    hint: 'This is not a file that RVTools writes; do not trust it, and export again.',
  },
  RVTOOLS_INCOMPLETE: {
    category: 'source',
    hint: 'Export all tabs with a current RVTools; without them the plan knows less.',
  },

  GZIP_CORRUPT: { category: 'format', hint: EXPORT_AGAIN },
  IMAGE_TOO_LARGE: { category: 'format', hint: 'No hypervisor has disks of this size; the file is damaged.' },
  IMAGE_UNKNOWN: {
    category: 'format',
    hint: 'Check which file it is; a raw disk is taken with --input-format raw.',
  },
  VMDK_BAD_MAGIC: { category: 'format', hint: 'This is not a VMDK; check which file the descriptor names.' },
  VMDK_TRUNCATED: { category: 'format', hint: EXPORT_AGAIN },
  VMDK_HEADER_INVALID: { category: 'format', hint: EXPORT_AGAIN },
  VMDK_DESCRIPTOR_INVALID: { category: 'format', hint: EXPORT_AGAIN },
  VMDK_EXTENT_MISSING: { category: 'format', hint: 'Copy all files of the disk into one folder.' },
  VMDK_TABLE_OUT_OF_RANGE: { category: 'format', hint: EXPORT_AGAIN },
  VMDK_TABLES_DAMAGED: {
    category: 'format',
    hint: 'The redundant copies were used; compare the machine with its source after the import.',
  },
  VMDK_GRAIN_OUT_OF_RANGE: { category: 'format', hint: EXPORT_AGAIN },
  VMDK_GRAIN_CORRUPT: { category: 'format', hint: EXPORT_AGAIN },
  VMDK_PARENT_MISMATCH: {
    category: 'format',
    hint: 'The parent was changed after the snapshot, or is another disk; copy the whole chain again.',
  },
  VMDK_UNSUPPORTED: {
    category: 'format',
    hint: 'Consolidate snapshots and export the machine as OVF, which writes a plain streamOptimized disk.',
  },
  VHD_TOO_LARGE: {
    category: 'format',
    hint: 'A VHD ends at 2040 GiB: convert it to qcow2 (for XCP-ng) or raw, or shrink or split the disk.',
  },
  VHD_INVALID: {
    category: 'format',
    hint: 'Copy or convert the disk again; the file is damaged or incomplete.',
  },
  VHD_PARENT_MISSING: { category: 'format', hint: 'Copy all files of the chain into one folder.' },
  VHD_PARENT_MISMATCH: {
    category: 'format',
    hint: 'Put the disk beside it that the differencing disk was made from; copy the whole chain again.',
  },
  QCOW2_INVALID: {
    category: 'format',
    hint: 'See what `qemu-img check` says of the image, and copy it again from its source.',
  },
  QCOW2_UNSUPPORTED: {
    category: 'format',
    hint: 'Rewrite the image with `qemu-img convert -O qcow2` and take the result.',
  },
  XVA_INVALID: { category: 'format', hint: 'Convert the machine again.' },

  TOOL_MISSING: { category: 'tool', hint: 'Run xenferry doctor.' },
  TOOL_FAILED: { category: 'tool', hint: 'Run the named command by hand to see its full output.' },

  NOTIFICATION_FAILED: {
    category: 'tool',
    hint: 'Check the address, the network and the login of the notification; the batch goes on without it.',
  },

  SOURCE_DUPLICATE: {
    category: 'source',
    hint: 'Leave one of the two out (exclude, or skip in the migration file).',
  },
  SOURCE_CONFLICT: {
    category: 'source',
    hint: 'Export the machine again, or take a new list, if it was changed since.',
  },

  GUEST_UNRECOGNIZED: {
    category: 'guest',
    hint: 'Adapt the guest by hand after the import, as docs/guests.md says.',
  },
  GUEST_UNREADABLE: {
    category: 'guest',
    hint: 'Start the guest on VMware once, shut it down cleanly, and export it again.',
  },
  GUEST_UNWRITABLE: {
    category: 'guest',
    hint: 'Free space inside the guest, or convert it with --fixups off and adapt it by hand.',
  },
  GUEST_REFUSED: {
    category: 'guest',
    hint: 'Do in the guest what the message says, then export it again; or convert it with --fixups attempted.',
  },

  TARGET_NO_SPACE: {
    category: 'target',
    hint: 'Free space on the target or choose another one, then run the same command again.',
  },
  TARGET_UNWRITABLE: { category: 'target', hint: 'Check the path and permissions of the target.' },
  TARGET_EXISTS: { category: 'target', hint: 'Remove the file, choose another name, or pass --force.' },
  REFIX_REFUSED: {
    category: 'target',
    hint: 'Remove what the machine has become, xenferry cleanup --all does so in a pool, and run it again from the start.',
  },
  TARGET_BUSY: { category: 'target', hint: 'Another xenferry works on this target; wait for it or stop it.' },
  LEDGER_INVALID: {
    category: 'target',
    hint: 'Move the .xenferry folder of the target away to start afresh.',
  },

  LEDGER_UNREACHABLE: {
    category: 'target',
    hint: 'Check that PostgreSQL runs, its address and its certificate, then run the same command again.',
  },
  LEDGER_UNAUTHORIZED: {
    category: 'target',
    hint: 'Check the user, the password (PGPASSWORD, PGPASSFILE) and the rights in the database (docs/several-machines.md).',
  },
  LEASE_LOST: {
    category: 'internal',
    hint: 'Nothing is to be done: who holds the work now goes on with it.',
  },

  POOL_UNREACHABLE: {
    category: 'pool',
    hint: 'Check the address, the network and the certificate of the pool, then run the same command again.',
  },
  POOL_UNAUTHORIZED: {
    category: 'pool',
    hint: 'Check the user, the password and the role (docs/pool.md): vm-admin imports, vm-power-admin moves and takes snapshots, pool-operator makes networks.',
  },
  POOL_PROTOCOL: { category: 'pool', hint: 'Check that a XenServer or XCP-ng pool answers at this address.' },
  POOL_BUSY: {
    category: 'pool',
    hint: 'Wait until the pool has done its work, then run the same command again.',
  },
  POOL_REFUSED: {
    category: 'pool',
    hint: 'Do what the message of the pool says, then run the same command again.',
  },
  POOL_NO_SPACE: {
    category: 'pool',
    hint: 'Free space on the storage repository or map the disks to another one.',
  },
  POOL_OBJECT_MISSING: {
    category: 'pool',
    hint: 'Somebody removed it meanwhile; run the same command again to import afresh.',
  },
  POOL_UPLOAD_FAILED: {
    category: 'pool',
    hint: "Run the same command again; the reason stands in the host's /var/log/xensource.log.",
  },
  POOL_TASK_LOST: {
    category: 'pool',
    hint: 'Run the same command again; what the task made is removed first.',
  },
  POOL_NETWORK_MISSING: {
    category: 'pool',
    hint: 'Map the network to one of the pool, or have it made.',
  },
  POOL_STORAGE_MISSING: { category: 'pool', hint: 'Map the storage to a repository of the pool.' },
  POOL_HOST_MISSING: { category: 'pool', hint: 'Name a host of the pool, or leave homeHost out.' },
  POOL_GPU_MISSING: { category: 'pool', hint: 'Name a GPU group of the pool, or leave gpuGroup out.' },
  POOL_DISK_TOO_LARGE: {
    category: 'pool',
    hint: 'Map the disk to a repository that makes qcow2 disks, or have the guest spread its data over smaller ones.',
  },
  POOL_ROLE_MISSING: {
    category: 'pool',
    hint: 'Use a user with the named role, or have its holder make the setting after the import.',
  },
  POOL_HA_OFF: { category: 'pool', hint: 'Turn on high availability, or leave haPriority out.' },
  POOL_AMBIGUOUS: { category: 'pool', hint: 'Give the UUID instead of the name.' },
  POOL_TEMPLATE_MISSING: {
    category: 'pool',
    hint: 'Nothing needs to be done; the machine gets the settings of its profile.',
  },
  POOL_LEFT_BEHIND: {
    category: 'pool',
    hint: 'Look at what is named, and remove it by hand if nobody needs it.',
  },

  VERIFY_MISMATCH: {
    category: 'verify',
    hint: 'Do not import this file; check the storage, then run again.',
  },
  NOT_STARTED: {
    category: 'plan',
    hint: 'Mend what it waits for, then run it again, or retry it.',
  },
  PAUSED: { category: 'canceled', hint: 'Resume it; what it has moved is kept.' },
  WITHDRAWN: { category: 'canceled', hint: 'Retry it if it is wanted after all.' },

  REQUEST_INVALID: {
    category: 'service',
    hint: 'Correct the request; /openapi.json says what the service takes.',
  },
  TOKEN_REQUIRED: {
    category: 'service',
    hint: 'Send `Authorization: Bearer TOKEN` with a token that is neither revoked nor expired.',
  },
  ROLE_MISSING: { category: 'service', hint: 'Use a token of the named role; an admin makes them.' },
  NOT_FOUND: { category: 'service', hint: 'Look at the list for what there is.' },
  BATCH_BUSY: {
    category: 'service',
    hint: 'Wait for the end of the batch, or cancel it.',
  },
  NAME_TAKEN: { category: 'service', hint: 'Choose another name.' },
  IDEMPOTENCY_KEY_REUSED: {
    category: 'service',
    hint: 'Use a new Idempotency-Key for a new request, and wait for the first answer before asking again.',
  },
  TOO_MANY_REQUESTS: { category: 'service', hint: 'Wait as long as Retry-After says.' },
  PATH_NOT_ALLOWED: {
    category: 'service',
    hint: 'Use a path in a folder that the service was given with --allow-folder.',
  },
  SERVICE_BUSY: { category: 'service', hint: 'Try again in a minute.' },
  CANCELED: { category: 'canceled', hint: 'Run the same command again to go on.' },
  STEP_STUCK: {
    category: 'internal',
    hint: 'Look whether what it reads from and writes to answers, and at the load of both; run it again then.',
  },
  WORKER_CRASHED: {
    category: 'internal',
    hint: 'Run the same command again; report it if it happens twice.',
  },
  INTERNAL: {
    category: 'internal',
    hint: 'This is a bug of xenferry; run with --verbose and report the stack.',
  },
} as const satisfies Record<string, CatalogEntry>;

export type ErrorCode = keyof typeof ERROR_CATALOG;
