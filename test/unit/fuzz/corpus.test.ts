import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { XenferryError } from '../../../src/model/errors.js';
import { corpusId, makeCase } from '../../fuzz/case.js';
import { corpusNames } from '../../fuzz/corpus.js';
import { writeInput } from '../../fuzz/input.js';
import { TARGETS, targetNamed } from '../../fuzz/targets/index.js';
import { tempFiles } from '../../support/temp-files.js';

const temp = tempFiles();

describe('sound inputs', () => {
  it.each(TARGETS.map(({ name }) => name))('of %s are read', async (name) => {
    const target = targetNamed(name);
    for (const [number, seed] of target.seeds().entries()) {
      const folder = join(temp.folder, `${name}-${number}`);
      writeInput(seed.files, folder);
      await expect(
        target.run({ files: seed.files, folder, wholeWay: false }),
        seed.name,
      ).resolves.toBeUndefined();
    }
  }, 60_000);
});

describe('inputs that failed once', () => {
  it.each(corpusNames())('are read or refused: %s', async (name) => {
    const { target, files, wholeWay } = makeCase(corpusId(name));
    const folder = join(temp.folder, name);
    writeInput(files, folder);
    const error: unknown = await target.run({ files, folder, wholeWay }).then(
      () => null,
      (reason: unknown) => reason,
    );
    if (error === null) return;
    expect(error).toBeInstanceOf(XenferryError);
    expect(error).not.toMatchObject({ category: 'internal' });
  }, 10_000);
});
