import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { XenferryError } from '../../../src/model/errors.js';
import { corpusId, makeCase } from '../../fuzz/case.js';
import { corpusNames } from '../../fuzz/corpus.js';
import { writeInput } from '../../fuzz/input.js';
import { tempFiles } from '../../support/temp-files.js';

const temp = tempFiles();

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
