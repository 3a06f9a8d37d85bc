import { writeFileSync } from 'node:fs';
import { join, relative, resolve } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { VERIFY } from '../../../src/conversion/index.js';
import { type TaskKind, WorkerThreadsPool } from '../../../src/worker-threads-pool/index.js';
import { tempFiles } from '../../support/temp-files.js';

const { folder, put } = tempFiles();
const pool = new WorkerThreadsPool(1);
afterAll(() => pool.close());

/** A worker file of the test's own, reached by a path relative to the compiled workers. */
function worker<Output>(name: string, body: string): TaskKind<{ readonly value: number }, Output> {
  const path = join(folder, `${name}.js`);
  writeFileSync(path, body);
  writeFileSync(join(folder, 'package.json'), '{"type":"module"}');
  return { worker: relative(resolve('dist/workers'), path).replace(/\.js$/, '') };
}

describe('the pool', () => {
  it('keeps code, message and place of an error that a thread throws', async () => {
    const { path } = put('not.xva', Buffer.alloc(1024, 1));
    const canceled = new Int32Array(1);
    await expect(pool.run(VERIFY, { kind: 'xva', path, expected: null, canceled })).rejects.toMatchObject({
      name: 'XenferryError',
      code: 'XVA_INVALID',
      place: { file: path, offset: 0 },
    });
  });

  it('says so when a thread dies, and goes on with a new one', async () => {
    const dies = worker<void>('dies', 'export default () => process.exit(3);');
    const lives = worker<number>(
      'lives',
      'export default async ({ value }) => ({ ok: true, value: value + 1 });',
    );
    await expect(pool.run(dies, { value: 1 })).rejects.toMatchObject({ code: 'WORKER_CRASHED' });
    expect(await pool.run(lives, { value: 1 })).toBe(2);
  });

  it('starts helpers only when nobody else waits, and tells them when somebody does', async () => {
    const order: string[] = [];
    const waits = worker<void>(
      'waits',
      'export default ({ value }) => new Promise((done) => setTimeout(() => done({ ok: true }), value));',
    );
    const run = async (name: string, priority: 'normal' | 'helper') => {
      await pool.run(waits, { value: 30 }, { priority });
      order.push(name);
    };
    const running = [run('first', 'normal'), run('helper', 'helper'), run('second', 'normal')];
    expect(pool.pressure[0]).toBe(1);
    await Promise.all(running);
    expect(order).toEqual(['first', 'second', 'helper']);
    expect(pool.pressure[0]).toBe(0);
  });
});
