import { mkdirSync, mkdtempSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { execa } from 'execa';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { MIB } from '../../src/model/units.js';
import { writeBigEstate } from '../support/big-estate.js';
import { type ServeCli, startServeCli } from '../support/serve-cli.js';
import { tempFiles } from '../support/temp-files.js';

const DOCUMENT = readFileSync(join(import.meta.dirname, '../../docs/api.md'), 'utf8');
const { folder } = tempFiles();
const home = mkdtempSync(join(folder, 'home-'));
let service: ServeCli;

beforeAll(async () => {
  for (const name of ['exports', 'in']) mkdirSync(join(home, name));
  await writeBigEstate(join(home, 'exports'), [{ name: 'alpha', disks: [64 * MIB] }]);
  service = await startServeCli(home);
});

afterAll(async () => {
  service.process.kill('SIGTERM');
  await service.process;
});

/** The lines that the document says to type, with what it cannot know put in. */
function examples(): string {
  const blocks = [...DOCUMENT.matchAll(/^```sh\n(.*?)^```$/gms)].map(([, block = '']) => block);
  return blocks.join('').replaceAll('DIR/', `${home}/`).replaceAll('http://127.0.0.1:8642', service.url);
}

it('every request that docs/api.md shows is answered as it says', { timeout: 90_000 }, async () => {
  const script = `
    curl() { command curl --max-time 6 --write-out '\\n%{http_code} %{method} %{url_effective}\\n' "$@" || [ $? = 28 ]; }
    ${examples()}`;
  const { stdout, stderr, exitCode } = await execa('bash', ['-euo', 'pipefail', '-c', script], {
    reject: false,
  });
  expect(exitCode, stderr).toBe(0);
  const answered = [...stdout.matchAll(/^(\d{3}) ([A-Z]+) http:\/\/[^/]+(\S+)$/gm)];
  expect(answered.map((parts) => parts.slice(1).join(' '))).toEqual([
    '200 GET /v1/session',
    '201 POST /v1/batches',
    '200 GET /v1/batches/1/plan',
    '202 POST /v1/batches/1/start',
    '200 GET /v1/batches/1/jobs?state=failed',
    '202 POST /v1/batches/1/orders',
    '202 POST /v1/batches/1/orders',
    '200 GET /v1/batches/1/report.csv',
    '200 GET /v1/events?batch=1',
    '201 POST /v1/schedules',
  ]);
  // Events come while they are waited for, and the batch went on after the pause.
  expect(stdout).toMatch(/^event: job$/m);
  expect(stdout).toMatch(/^id: \d+$/m);
});
