import { open, readFile, rename } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { IMAGE_FORMATS } from '../../images/index.js';
import { systemErrorCode, XenferryError } from '../../model/errors.js';

const DIGEST = z.string().regex(/^[0-9a-f]{64}$/);
const SIZE = z.number().int().nonnegative();
const ATTRIBUTES = z.object({ mode: z.number(), uid: z.number(), gid: z.number() });
const NUMBER_OR_NOT = z.number().exactOptional();
const SENTENCES = z.array(z.string()).readonly();
const BEFORE = z
  .discriminatedUnion('kind', [
    z.object({ kind: z.literal('file'), digest: DIGEST, size: SIZE, attributes: ATTRIBUTES }),
    z.object({ kind: z.literal('link'), target: z.string() }),
  ])
  .nullable();

/** MadeEdit of `files/guest-edit.ts`. */
const EDIT = z.discriminatedUnion('kind', [
  z.object({
    kind: z.literal('write'),
    path: z.string(),
    before: BEFORE,
    digest: DIGEST,
    size: SIZE,
    attributes: z.object({ mode: NUMBER_OR_NOT, uid: NUMBER_OR_NOT, gid: NUMBER_OR_NOT }),
  }),
  z.object({ kind: z.literal('append'), path: z.string(), before: BEFORE, digest: DIGEST, size: SIZE }),
  z.object({ kind: z.literal('link'), path: z.string(), before: BEFORE, target: z.string() }),
  z.object({ kind: z.literal('remove'), path: z.string(), before: BEFORE }),
]);

const SOURCE = z.object({
  format: z.enum(IMAGE_FORMATS),
  location: z.discriminatedUnion('kind', [
    z.object({
      kind: z.literal('files'),
      ranges: z.array(z.object({ path: z.string(), offset: SIZE, length: SIZE })),
    }),
    // How it is reached is a matter of the run that mended it.
    z.object({ kind: z.literal('elsewhere') }),
  ]),
});

const REGISTRY_CHANGE = z.object({
  key: z.string(),
  value: z.string().nullable(),
  before: z.string().nullable(),
  after: z.string().nullable(),
});

const GUEST_RECORD = z.object({
  version: z.literal(1),
  system: z.object({
    family: z.enum(['linux', 'windows']),
    distribution: z.string(),
    version: z.string(),
    title: z.string(),
    architecture: z.enum(['x86_64', 'i386']).nullable(),
  }),
  /** Whose fixups were made. */
  profile: z.string(),
  fixups: z
    .array(
      z.object({
        id: z.string(),
        title: z.string(),
        done: SENTENCES,
        atFirstBoot: SENTENCES,
        warnings: SENTENCES,
        registry: z.array(REGISTRY_CHANGE).readonly(),
      }),
    )
    .readonly(),
  /** In the order in which they were made. */
  edits: z.array(EDIT).readonly(),
  /** What read and wrote each volume, by device. */
  backends: z.record(z.string(), z.string()),
  /** For people: damaged tables, volumes that were passed over and why. */
  problems: SENTENCES,
  disks: z
    .array(
      z.object({
        source: SOURCE,
        /** File in the record's folder; null for a disk that was not changed. */
        overlay: z.string().nullable(),
      }),
    )
    .readonly(),
});

/** What was done to a guest: for reports, and for undoing it. */
export type GuestRecord = z.infer<typeof GUEST_RECORD>;

const FILE = 'fixups.json';

/** Puts the record into its folder; it is there whole or not at all, also after a loss of power. */
export async function writeGuestRecord(folder: string, record: GuestRecord): Promise<void> {
  const path = join(folder, FILE);
  const handle = await open(`${path}.partial`, 'w', 0o600);
  try {
    await handle.writeFile(JSON.stringify(record));
    await handle.sync();
  } finally {
    await handle.close();
  }
  await rename(`${path}.partial`, path);
}

/** Null when the folder has none. Rejects with CONFIG_INVALID for one that makes no sense. */
export async function readGuestRecord(folder: string): Promise<GuestRecord | null> {
  const path = join(folder, FILE);
  try {
    return GUEST_RECORD.parse(JSON.parse(await readFile(path, 'utf8')));
  } catch (cause) {
    if (systemErrorCode(cause) === 'ENOENT') return null;
    throw new XenferryError('CONFIG_INVALID', 'not a record of fixups', { file: path, cause });
  }
}
