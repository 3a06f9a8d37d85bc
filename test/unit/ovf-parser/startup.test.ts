import { expect, test } from 'vitest';
import { parseOvf } from '../../../src/ovf-parser/index.js';
import { buildOvf, CPU, MEMORY, system } from './build-ovf.js';

function machine(id: string): string {
  return system(id, [CPU, MEMORY]);
}

function collection(id: string, content: string, startup = ''): string {
  const section = startup === '' ? '' : `<StartupSection><Info/>${startup}</StartupSection>`;
  return `<VirtualSystemCollection ovf:id="${id}"><Info/>${section}${content}</VirtualSystemCollection>`;
}

function starts(systems: string): readonly (readonly [string, number | null])[] {
  const envelope = parseOvf(Buffer.from(buildOvf({ systems, disks: '' })), 'vapp.ovf');
  return envelope.systems.map(({ id, start }) => [id, start?.order ?? null]);
}

test('a vApp keeps the order, delay and wait of its StartupSection', () => {
  const startup = `<Item ovf:id="app" ovf:order="7" ovf:startDelay="30" ovf:waitingForGuest="true"/>
    <Item ovf:id="db" ovf:order="2"/>`;
  const systems = collection('shop', machine('app') + machine('db') + machine('extra'), startup);
  const envelope = parseOvf(Buffer.from(buildOvf({ systems, disks: '' })), 'vapp.ovf');
  expect(envelope.systems.map(({ start }) => start)).toEqual([
    { order: 7, delaySeconds: 30, waitForGuest: true },
    { order: 2, delaySeconds: 0, waitForGuest: false },
    null,
  ]);
});

test('a StartupSection counts wherever it stands', () => {
  const section = '<StartupSection><Info/><Item ovf:id="b" ovf:order="1"/></StartupSection>';
  expect(starts(`${section}${machine('a')}${machine('b')}`)).toEqual([
    ['a', null],
    ['b', 1],
  ]);
});

test('nested collections start in the order of the outer one, then of the inner one', () => {
  const back = collection(
    'back',
    machine('db') + machine('cache'),
    '<Item ovf:id="db" ovf:order="1"/><Item ovf:id="cache" ovf:order="1"/>',
  );
  const front = collection(
    'front',
    machine('proxy') + machine('web'),
    '<Item ovf:id="proxy" ovf:order="9"/><Item ovf:id="web" ovf:order="4"/>',
  );
  const order = '<Item ovf:id="front" ovf:order="5"/><Item ovf:id="back" ovf:order="3"/>';
  expect(starts(collection('all', front + back, order))).toEqual([
    ['proxy', 3],
    ['web', 2],
    ['db', 1],
    ['cache', 1],
  ]);
});

test('machines that share an id, or have none, still get ids of their own', () => {
  const nameless = machine('x').replace(' ovf:id="x"', '');
  expect(starts(machine('a') + machine('a') + nameless).map(([id]) => id)).toEqual(['a', 'a-2', 'system-3']);
});
