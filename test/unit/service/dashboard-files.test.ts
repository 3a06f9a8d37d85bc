import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { services } from '../../support/service.js';
import { tempFiles } from '../../support/temp-files.js';

const start = services();
const { folder } = tempFiles();
const dashboard = join(folder, 'dashboard');
mkdirSync(join(dashboard, 'assets'), { recursive: true });
writeFileSync(join(dashboard, 'index.html'), '<title>The dashboard</title>');
writeFileSync(join(dashboard, 'assets', 'app.js'), 'run();');
writeFileSync(join(folder, 'beside.txt'), 'not for the web');

test('the dashboard is shown to anybody, what it asks for to nobody without a token', async () => {
  const { ask } = await start({ dashboard });
  const page = await ask('GET', '/', { token: null });
  expect(page).toMatchObject({ status: 200, text: '<title>The dashboard</title>' });
  expect(page.headers.get('content-type')).toMatch(/^text\/html/);
  expect(page.headers.get('content-security-policy')).toContain("default-src 'self'");
  const script = await ask('GET', '/assets/app.js', { token: null });
  expect(script).toMatchObject({ status: 200, text: 'run();' });
  expect(script.headers.get('content-type')).toMatch(/javascript/);
  expect(await ask('GET', '/v1/batches', { token: null })).toMatchObject({ status: 401 });
  expect(await ask('GET', '/v1/batches')).toMatchObject({ status: 200 });
});

test('what is not of the dashboard is not there', async () => {
  const { ask } = await start({ dashboard });
  for (const path of [
    '/none.js',
    '/assets/',
    '/v1/none',
    '/%2e%2e/beside.txt',
    '/assets/..%2f..%2fbeside.txt',
  ]) {
    const answer = await ask('GET', path);
    expect([400, 403, 404], path).toContain(answer.status);
    expect(answer.text, path).not.toContain('not for the web');
    expect(answer.headers.get('content-type'), path).toMatch(/^application\/problem\+json/);
  }
  expect(await ask('GET', '/none.js')).toMatchObject({ status: 404, json: { code: 'NOT_FOUND' } });
});
