import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { applyEdits, type UndoStore, undoEdits } from '../../../../src/guests/files/apply-edits.js';
import { madeEdit } from '../../../../src/guests/files/guest-edit.js';
import { StagedFiles } from '../../../../src/guests/files/staged-files.js';
import { failureOf } from '../../../support/failure.js';
import { MemoryFiles } from '../../../support/memory-files.js';

const LARGE = 1_000_000;

function memoryStore(): UndoStore {
  const kept = new Map<string, Buffer>();
  return {
    put: async (digest, bytes) => {
      kept.set(digest, bytes);
    },
    get: async (digest) => kept.get(digest) ?? null,
  };
}

describe('StagedFiles', () => {
  it('shows writes and leaves the guest alone', async () => {
    const base = new MemoryFiles({ '/etc/fstab': 'old', '/boot/initrd': 'image' });
    const before = base.tree();
    const files = new StagedFiles(base);
    await files.write('/etc/fstab', Buffer.from('new'));
    await files.append('/boot/initrd', Buffer.from('+tail'));
    await files.link('/etc/a/link', '/etc/fstab');
    expect((await files.read('/etc/a/link', LARGE))?.toString()).toBe('new');
    expect((await files.read('/boot/initrd', LARGE))?.toString()).toBe('image+tail');
    expect((await files.entry('/boot/initrd'))?.size).toBe(10);
    expect(await files.list('/etc')).toEqual(['a', 'fstab']);
    expect(base.tree()).toEqual(before);
    expect(await files.edits()).toMatchObject([
      { kind: 'write', path: '/etc/fstab' },
      { kind: 'append', path: '/boot/initrd', bytes: Buffer.from('+tail') },
      { kind: 'link', path: '/etc/a/link', before: null },
    ]);
  });

  it('has no edits for what is there already', async () => {
    const files = new StagedFiles(new MemoryFiles({ '/a': 'same', '/l': { link: 'a' } }));
    await files.write('/l', Buffer.from('same'));
    await files.link('/l', 'a');
    await files.remove('/none');
    await files.write('/new', Buffer.from('x'));
    await files.remove('/new');
    expect(await files.edits()).toEqual([]);
  });

  it('stages one file under one name where letter case does not count', async () => {
    const base = new MemoryFiles({ '/Windows/System32/config/SYSTEM': 'hive' }, { foldsCase: true });
    const files = new StagedFiles(base);
    await files.write('/windows/system32/CONFIG/system', Buffer.from('a'));
    await files.write('/WINDOWS/SYSTEM32/config/System', Buffer.from('b'));
    expect((await files.edits()).map(({ path }) => path)).toEqual(['/Windows/System32/config/SYSTEM']);
    expect((await files.read('/windows/system32/config/system', LARGE))?.toString()).toBe('b');
  });

  it('never leaves the guest by links, and gives up on loops', async () => {
    const files = new StagedFiles(
      new MemoryFiles({
        '/up': { link: '../../../etc/x' },
        '/etc/x': 'mine',
        '/loop': { link: '/loop' },
      }),
    );
    expect((await files.read('/up', LARGE))?.toString()).toBe('mine');
    expect((await failureOf(files.write('/loop', Buffer.from('')))).code).toBe('GUEST_UNREADABLE');
  });
});

describe('applyEdits and undoEdits', () => {
  it('bring the guest to what was staged, once or twice, and back', async () => {
    const path = fc.constantFrom('/a', '/b', '/d/a', '/d/b');
    const text = fc.string({ maxLength: 5 });
    const step = fc.oneof(
      fc.record({ do: fc.constant('write' as const), path, text }),
      fc.record({ do: fc.constant('append' as const), path, text }),
      fc.record({ do: fc.constant('link' as const), path, text: fc.constantFrom('a', '/d/b', 'none') }),
      fc.record({ do: fc.constant('remove' as const), path, text }),
    );
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 8 }), async (steps) => {
        const contents = { '/a': 'first', '/d/a': 'second', '/b': { link: '/d/a' } };
        const guest = new MemoryFiles(contents);
        const direct = new MemoryFiles(contents);
        const staged = new StagedFiles(guest);
        for (const { do: action, path: at, text: value } of steps) {
          const on = async (files: MemoryFiles | StagedFiles) => {
            if (action === 'write') await files.write(at, Buffer.from(value));
            else if (action === 'append') await files.append(at, Buffer.from(value));
            else if (action === 'link') await files.link(at, value);
            else await files.remove(at);
          };
          // Both refuse the same: loops, and adding to what is not there.
          const outcomes = await Promise.allSettled([on(staged), on(direct)]);
          expect(outcomes[0].status).toBe(outcomes[1].status);
        }
        const edits = await staged.edits();
        const store = memoryStore();
        await applyEdits(guest, edits, store);
        expect(guest.tree()).toEqual(direct.tree());
        await applyEdits(guest, edits, store);
        expect(guest.tree()).toEqual(direct.tree());
        await undoEdits(guest, edits.map(madeEdit), store);
        expect(guest.tree()).toEqual(new MemoryFiles(contents).tree());
      }),
      { numRuns: 300 },
    );
  });

  it('change nothing when one path is not as it was', async () => {
    const guest = new MemoryFiles({ '/a': 'one', '/b': 'two' });
    const staged = new StagedFiles(guest);
    await staged.write('/a', Buffer.from('new'));
    await staged.write('/b', Buffer.from('new'));
    const edits = await staged.edits();
    await guest.write('/b', Buffer.from('somebody else'));
    expect((await failureOf(applyEdits(guest, edits, memoryStore()))).code).toBe('GUEST_UNWRITABLE');
    expect(await guest.text('/a')).toBe('one');
  });
});
