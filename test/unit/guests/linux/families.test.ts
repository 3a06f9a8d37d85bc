import { execFileSync } from 'node:child_process';
import { beforeAll, describe, expect, it } from 'vitest';
import { profileFor } from '../../../../src/guests/engine/inspect-guest.js';
import { applyEdits, type UndoStore, undoEdits } from '../../../../src/guests/files/apply-edits.js';
import { type GuestEdit, madeEdit } from '../../../../src/guests/files/guest-edit.js';
import { StagedFiles } from '../../../../src/guests/files/staged-files.js';
import { fixupsOf } from '../../../../src/guests/fixups/all-fixups.js';
import type { InspectedGuest } from '../../../../src/guests/fixups/fixup.js';
import { inspectLinux } from '../../../../src/guests/inspection/linux.js';
import { loadProfiles, type Profile } from '../../../../src/guests/profiles/index.js';
import type { Afterwards, LinuxFamily } from '../../../support/linux-families/family.js';
import { LINUX_FAMILIES } from '../../../support/linux-families/index.js';
import { MemoryFiles } from '../../../support/memory-files.js';

let profiles: readonly Profile[];

beforeAll(async () => {
  profiles = await loadProfiles();
});

async function inspect(family: LinuxFamily, files: MemoryFiles): Promise<InspectedGuest> {
  const guest = await inspectLinux(files, family.firmware, family.nics, family.fileSystems);
  if (guest === null) throw new Error(`${family.name} was not recognised`);
  return guest;
}

/** All fixups of the guest's profile, as a conversion runs them. */
async function mend(family: LinuxFamily, files: MemoryFiles) {
  const guest = await inspect(family, files);
  const staged = new StagedFiles(files);
  const warnings: string[] = [];
  for (const fixup of fixupsOf(profileFor(guest, null, profiles))) {
    warnings.push(...(await fixup.run(guest, staged, { toolsFolder: null })).warnings);
  }
  return { edits: await staged.edits(), warnings };
}

function keptInMemory(): UndoStore {
  const kept = new Map<string, Buffer>();
  return {
    put: async (digest, bytes) => void kept.set(digest, bytes),
    get: async (digest) => kept.get(digest) ?? null,
  };
}

/** Modules that the cpio program lists in what was appended, which begins at the next 512 bytes. */
function modulesAppended(image: Buffer, edit: GuestEdit | undefined): string[] {
  const before = edit?.before?.kind === 'file' ? edit.before.size : 0;
  const input = image.subarray(Math.ceil(before / 512) * 512);
  const listed = execFileSync('cpio', ['-t', '--quiet'], { input, encoding: 'utf8' });
  return listed.split('\n').filter((path) => /\.ko(?:\.\w+)?$/.test(path));
}

async function expectAfterwards(
  files: MemoryFiles,
  path: string,
  expected: Afterwards,
  edit: GuestEdit | undefined,
): Promise<void> {
  const text = await files.text(path);
  if (expected === null) expect(await files.entry(path)).toBeNull();
  else if (typeof expected === 'string') expect(text).toBe(expected);
  else if ('link' in expected) expect(await files.entry(path)).toMatchObject({ target: expected.link });
  else if ('holds' in expected) for (const part of expected.holds) expect(text).toContain(part);
  else {
    const image = (await files.read(path, Number.MAX_SAFE_INTEGER)) ?? Buffer.alloc(0);
    expect(modulesAppended(image, edit).sort()).toEqual([...expected.modules].sort());
  }
}

describe.each(LINUX_FAMILIES)('$name', (family) => {
  it('is known by its files', async () => {
    const guest = await inspect(family, new MemoryFiles(family.tree));
    expect(guest).toMatchObject({ distribution: family.distribution, version: family.version });
    expect(profileFor(guest, null, profiles).id).toBe(family.profile);
  });

  it('is changed where Xen needs it and nowhere else', async () => {
    const files = new MemoryFiles(family.tree);
    const { edits, warnings } = await mend(family, files);
    expect(edits.map(({ path }) => path).sort()).toEqual(Object.keys(family.after).sort());
    await applyEdits(files, edits, keptInMemory());
    for (const [path, expected] of Object.entries(family.after)) {
      const edit = edits.find((other) => other.path === path);
      await expectAfterwards(files, path, expected, edit);
    }
    expect(warnings).toEqual(family.warnings.map((part) => expect.stringContaining(part)));
  });

  it('is not changed again', async () => {
    const files = new MemoryFiles(family.tree);
    await applyEdits(files, (await mend(family, files)).edits, keptInMemory());
    expect((await mend(family, files)).edits).toEqual([]);
  });

  it('is as before when the changes are undone', async () => {
    const files = new MemoryFiles(family.tree);
    const before = files.tree();
    const store = keptInMemory();
    const { edits } = await mend(family, files);
    await applyEdits(files, edits, store);
    await undoEdits(files, edits.map(madeEdit), store);
    expect(files.tree()).toEqual(before);
  });
});
