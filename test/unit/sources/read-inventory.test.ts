import { mkdirSync, symlinkSync, truncateSync } from 'node:fs';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { readInventory } from '../../../src/sources/index.js';
import { buildOvf, CPU, MEMORY, system } from '../ovf-parser/build-ovf.js';
import { rejection } from '../ovf-parser/errors.js';
import { Estate, summaries } from './estate.js';

const VMX = 'displayName = "vmx"\nmemSize = "64"\n';

function ovf(...names: readonly string[]): string {
  return buildOvf({
    files: '',
    disks: '',
    systems: names.map((name) => system(name, [CPU, MEMORY])).join(''),
  });
}

let estate: Estate;
beforeEach(() => {
  estate = new Estate();
});
afterEach(() => estate.remove());

describe('a folder', () => {
  test('is searched with the folders in it, and its machines are sorted by descriptor path', async () => {
    estate.write('b/two.OVF', ovf('two'));
    estate.write('a/b/c/one.ovf', ovf('one'));
    estate.write('three.vmx', VMX);
    estate.write('b/notes.txt', 'no descriptor');
    const { machines, problems } = await readInventory(estate.root);
    expect(machines.map(({ id, source }) => [id, source.kind])).toEqual([
      ['a/b/c/one.ovf', 'ovf'],
      ['b/two.OVF', 'ovf'],
      ['three.vmx', 'vmx'],
    ]);
    expect(problems).toEqual([]);
  });

  test('keeps what hides and what storage systems leave out of it', async () => {
    for (const folder of ['.snapshot', '@eaDir', '$RECYCLE.BIN', 'lost+found', 'node_modules']) {
      estate.write(`${folder}/x.ovf`, ovf('x'));
    }
    estate.write('._x.ovf', ovf('x'));
    mkdirSync(path.join(estate.root, 'folder.ovf'));
    expect(await readInventory(estate.root)).toEqual({ machines: [], problems: [] });
  });

  test('with links in circles and links to links is read once', async () => {
    estate.write('real/one.ovf', ovf('one'));
    symlinkSync(estate.root, path.join(estate.root, 'real', 'up'));
    symlinkSync(path.join(estate.root, 'real'), path.join(estate.root, 'a-link'));
    symlinkSync('self', path.join(estate.root, 'self'));
    symlinkSync(path.join(estate.root, 'real', 'one.ovf'), path.join(estate.root, 'again.ovf'));
    const { machines, problems } = await readInventory(estate.root);
    expect(machines.map(({ id }) => id)).toEqual(['real/one.ovf']);
    expect(problems).toEqual([]);
  });

  test('may link to folders and descriptors elsewhere; a link that leads nowhere is told', async () => {
    const elsewhere = new Estate();
    elsewhere.write('x/one.ovf', ovf('one'));
    elsewhere.write('two.ovf', ovf('two'));
    symlinkSync(path.join(elsewhere.root, 'x'), path.join(estate.root, 'linked'));
    symlinkSync(path.join(elsewhere.root, 'two.ovf'), path.join(estate.root, 'two.ovf'));
    symlinkSync(path.join(elsewhere.root, 'three.ovf'), path.join(estate.root, 'three.ovf'));
    const { machines, problems } = await readInventory(estate.root);
    expect(machines.map(({ id }) => id)).toEqual(['linked/one.ovf', 'two.ovf']);
    expect(summaries(problems)).toEqual(['critical SOURCE_UNREADABLE three.ovf']);
    elsewhere.remove();
  });

  test('deeper than 16 levels is told', async () => {
    const deep = `${'d/'.repeat(17)}x.ovf`;
    estate.write(deep, ovf('x'));
    const { machines, problems } = await readInventory(estate.root);
    expect(machines).toEqual([]);
    expect(summaries(problems)).toEqual([`warning SOURCE_UNREADABLE ${path.posix.dirname(deep)}`]);
  });

  test('with broken descriptors still gives the others', async () => {
    estate.write('broken.ovf', '<Envelope>\n<x></Envelope>');
    estate.write('entities.ovf', '<!DOCTYPE x [<!ENTITY a "a">]>\n<Envelope>&a;</Envelope>');
    estate.write('broken.ova', 'not a tar archive'.repeat(100));
    estate.write('empty.ova', new Uint8Array(1024));
    estate.write('broken.vmx', 'displayName = "x"\nwhat is this\n');
    estate.write('good.ovf', ovf('good'));
    const { machines, problems } = await readInventory(estate.root);
    expect(machines.map(({ name }) => name)).toEqual(['good']);
    expect(problems.map(({ file, code, line }) => [file, code, line])).toEqual([
      ['broken.ova', 'OVA_MALFORMED', null],
      ['broken.ovf', 'OVF_MALFORMED', 2],
      ['broken.vmx', 'VMX_MALFORMED', 2],
      ['empty.ova', 'OVA_MALFORMED', null],
      ['entities.ovf', 'OVF_MALFORMED', 1],
    ]);
    expect(problems.every(({ severity, machineId }) => severity === 'critical' && machineId === null)).toBe(
      true,
    );
  });

  test('with a descriptor of 50 MB refuses it without reading it', async () => {
    truncateSync(estate.write('huge.ovf', ''), 50_000_000);
    truncateSync(estate.write('huge.vmx', ''), 50_000_000);
    const { problems } = await readInventory(estate.root);
    expect(summaries(problems)).toEqual([
      'critical OVF_TOO_LARGE huge.ovf',
      'critical VMX_MALFORMED huge.vmx',
    ]);
  });

  test('with one name twice is told', async () => {
    estate.write('a.ovf', ovf('web'));
    estate.write('b.ovf', ovf('web'));
    const { problems } = await readInventory(estate.root);
    expect(problems).toMatchObject([{ severity: 'warning', code: 'PLAN_NAME_TAKEN', machineId: 'b.ovf' }]);
  });
});

test('a vApp gives one machine per system, in start order', async () => {
  const items = '<Item ovf:id="web" ovf:order="2" ovf:startDelay="30"/><Item ovf:id="db" ovf:order="1"/>';
  const systems = `<VirtualSystemCollection ovf:id="shop"><Info/><StartupSection><Info/>${items}</StartupSection>
    ${['extra', 'web', 'db'].map((name) => system(name, [CPU, MEMORY])).join('')}</VirtualSystemCollection>`;
  estate.write('shop/shop.ovf', buildOvf({ files: '', disks: '', systems }));
  const { machines } = await readInventory(estate.root);
  expect(
    machines.map(({ id, startOrder, startDelaySeconds }) => [id, startOrder, startDelaySeconds]),
  ).toEqual([
    ['shop/shop.ovf#db', 1, 0],
    ['shop/shop.ovf#web', 2, 30],
    ['shop/shop.ovf#extra', null, 0],
  ]);
});

test('one descriptor may be the source', async () => {
  const file = estate.write('vm/one.ovf', ovf('one'));
  expect((await readInventory(file)).machines).toMatchObject([{ id: 'one.ovf', name: 'one' }]);
});

test.each(['nothing', 'notes.txt', 'notes.txt/x.ovf'])('there is no source at %s', async (name) => {
  estate.write('notes.txt', '');
  expect((await rejection(readInventory(path.join(estate.root, name)))).code).toBe('SOURCE_NOT_FOUND');
});
