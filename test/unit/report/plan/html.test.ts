import { createHash } from 'node:crypto';
import { Script } from 'node:vm';
import { describe, expect, test } from 'vitest';
import type { Plan } from '../../../../src/model/plan.js';
import { planHtml } from '../../../../src/report/index.js';
import { readHtml } from '../../../support/html-reader.js';
import { testConcern } from '../../../support/machines.js';
import { largePlan, MACHINES, NO_DISKS, PLAN, plainPlan } from './sample-plan.js';

const OPTIONS = { generatedAt: new Date('2026-11-20T10:00:00Z') };
const pageOf = (plan: Plan) => readHtml(planHtml(plan, OPTIONS));

describe('the reader learns', () => {
  const { text, tables } = pageOf(PLAN);
  const rows = (caption: string) => tables.get(caption) ?? expect.fail(caption);

  test('title, date, sources and target', () => {
    const page = readHtml(planHtml(PLAN, { ...OPTIONS, title: 'Berlin to Xen' }));
    expect(page.text).toMatch(/^Xenferry: Berlin to Xen /);
    expect(page.attribute('datetime')[0]).toBe('2026-11-20T10:00:00.000Z');
    for (const fact of ['/exports/berlin', '/exports/lists/rvtools.xlsx', '/srv/xva']) {
      expect(text).toContain(fact);
    }
  });

  test('the whole at a glance', () => {
    for (const fact of [
      '2 of 31 machines cannot be moved yet',
      '18 ready, 11 to read, 1 blocked, 1 descriptor not readable.',
      'Machines 30 3 waves',
      'CPUs 116 227 GiB memory',
      'Disks 31 4332 GiB disk space',
      'Data to move 1083 GiB',
      'Estimated time 2 h 30 m of work for 29 machines',
      'Bottleneck reading from the source',
      'Storage 1160 GiB needed at most too little free on 1 of 3, free space not known of 1 of 3',
    ]) {
      expect(text).toContain(fact);
    }
  });

  test.each([
    ['All 2 machines are ready to be moved', plainPlan(MACHINES.slice(1, 3))],
    ['The machine is ready to be moved', plainPlan(MACHINES.slice(1, 2))],
    [
      'The machine cannot be moved yet',
      plainPlan(MACHINES.filter(({ concerns }) => concerns.includes(NO_DISKS))),
    ],
    ['All 2 machines can be moved, 1 with warnings to read', plainPlan(MACHINES.slice(0, 2))],
    ['The plan is blocked', { ...PLAN, concerns: [testConcern({ severity: 'critical' })] }],
    ['No machines', plainPlan([])],
  ])('%s', (verdict, plan) => {
    expect(pageOf(plan).text).toContain(verdict);
  });

  test('what each wave takes, by the clock of the windows', () => {
    expect(rows('The waves with their amounts and times').slice(1)).toEqual([
      [
        'Foundation',
        '6',
        '85 GiB',
        '30 m 00 s',
        'Fri, 27 November 2026 at 22:00 CET',
        'Fri, 27 November 2026 at 22:30 CET',
        'weekend : Fri, Sat 22:00 – 06:00 Europe/Berlin takes 1 window',
        'reading from the source',
      ],
      [
        'Applications',
        '14 1 not moved',
        '898 GiB',
        '1 h 10 m',
        'Fri, 27 November 2026 at 22:30 CET',
        'Sat, 28 November 2026 at 22:40 CET',
        'weekend : Fri, Sat 22:00 – 06:00 Europe/Berlin takes 2 windows',
        'the migration window',
      ],
      [
        'Desktops',
        '10',
        '100 GiB',
        '50 m 00 s',
        'Sun, 29 November 2026 at 09:00 CET',
        'Sun, 29 November 2026 at 09:50 CET',
        'at any time',
        'converting on this computer',
      ],
    ]);
  });

  test('which concerns there are, about whom, and what becomes of them', () => {
    for (const fact of [
      'Critical OVF_MALFORMED 1 finding What to do: Export it again. the element VirtualSystem is not closed broken.ovf ( line 12 )',
      'archive ( Hard disk 2 ) Waived The disk goes to the qcow2 repository by hand.',
      'Warning PLAN_SECURE_BOOT 11 findings What to do: Install the Secure Boot certificates on the pool. the machine boots with Secure Boot on dc01 , desk1 , desk2',
      'What to do: Set the cores per socket after the import. Done by the plan: The machine gets one core per socket.',
      'Note PLAN_CHANGE_TRACKING',
    ]) {
      expect(text).toContain(fact);
    }
  });

  test('every machine in the order in which they are moved', () => {
    const [, ...machines] = rows('Every machine of the plan, in the order in which they are moved');
    expect(machines).toHaveLength(30);
    expect(machines[0]).toEqual([
      'dc01 becomes dc01-xen',
      'To read',
      'Foundation',
      'Windows',
      '6',
      '16 GiB',
      '140 GiB',
      '35 GiB',
      '10 m 00 s',
    ]);
    const reversed = PLAN.waves
      .toReversed()
      .map((wave) => ({ ...wave, machineIds: wave.machineIds.toReversed() }));
    const other = pageOf({ ...PLAN, waves: reversed }).tables.get(
      'Every machine of the plan, in the order in which they are moved',
    );
    expect(other?.slice(1).map(([name]) => name)).toEqual(machines.map(([name]) => name).toReversed());
  });

  test('what a machine is and what it becomes', () => {
    expect(rows('dc01 before and after').slice(1)).toEqual([
      ['Name', 'dc01', 'dc01-xen'],
      ['CPUs', '6, 4 cores per socket', '6, 1 core per socket'],
      ['Memory', '16 GiB', '16 GiB'],
      ['Firmware', 'UEFI, Secure Boot on', 'UEFI, Secure Boot on'],
      ['TPM', 'virtual TPM', 'what it holds stays behind'],
      [
        'Guest',
        'Microsoft Windows Server 2022 (64-bit) (windows2022srvNext_64Guest)',
        'profile Windows (windows)',
      ],
      ['Start order', '1, then wait 60 s', '2, then wait 60 s'],
      ['Disk 0', '40 GiB streamOptimized, on ds-gold, pvscsi 0:0, dc01.vmdk', 'SSD, 10 GiB to move'],
      [
        'Disk 1',
        '100 GiB streamOptimized, pvscsi 0:1, dc01_1.vmdk, independent persistent',
        'the target folder, 25 GiB to move',
      ],
      ['Network card 0', 'VLAN 20, 00:50:56:00:00:01, vmxnet3', 'VIF 0: Front, 00:50:56:00:00:01'],
      ['Network card 1', 'Backup, no MAC told, e1000e, unplugged', 'VIF 1: Backup, the pool makes a MAC'],
    ]);
  });

  test('where networks and disks go, and whether there is room', () => {
    expect(rows('Networks of the source and what they become').slice(1)).toEqual([
      ['VLAN 20', 'Front', '28', '28'],
      ['Backup', 'Backup the same name: no mapping', '1', '1'],
    ]);
    expect(rows('Datastores and where their disks go').slice(1)).toEqual([
      ['ds-gold', 'SSD', '28', '1120 GiB', '280 GiB'],
      ['not told', 'the target folder', '2', '140 GiB', '35 GiB'],
      ['ds-bulk', 'the target folder', '1', '3072 GiB', '768 GiB'],
    ]);
    expect(rows('Room needed and free at the target').slice(1)).toEqual([
      ['SSD', '300 GiB', '1000 GiB', 'Enough'],
      ['Bulk', '800 GiB', '500 GiB', '300 GiB too little'],
      ['the target folder', '60 GiB', '–', 'Not known'],
    ]);
  });

  test('what is left to people, and nothing that the plan does or somebody waived', () => {
    const list = text.slice(
      text.indexOf('Before the machines are moved'),
      text.indexOf('Assumptions The times'),
    );
    for (const duty of [
      'Export it again. OVF_MALFORMED: broken.ovf',
      'PLAN_SECURE_BOOT: dc01, desk1, desk2, desk3, desk4, desk5 and 5 more',
      'Make room on Bulk. 300 GiB too little',
      'Check the free space of the target folder. 60 GiB needed at most',
      'Keep 12 GiB free',
      'has these networks, or map them. Backup',
      'start order, which the annex names. dc01',
      'of the new ones. dc01',
      'Remove VMware Tools after the first start. Windows, 11 machines',
    ]) {
      expect(list).toContain(duty);
    }
    for (const done of ['PLAN_CPU_TOPOLOGY', 'PLAN_SNAPSHOTS', 'VHD_TOO_LARGE', 'PLAN_CHANGE_TRACKING']) {
      expect(list).not.toContain(done);
    }
  });

  test('what the estimate stands on, and where to sign', () => {
    for (const fact of [
      'One source gives 400 MiB/s Network 1 GiB/s One thread 150 MiB/s One storage takes 600 MiB/s Each machine 20 s',
      'Machines at a time 2 From one host 2 From one datastore 1 Threads 8 Room for unpacking 12 GiB',
      'For the customer Name Date Signature For the operator Name Date Signature',
    ]) {
      expect(text).toContain(fact);
    }
  });
});

describe('hostile text', () => {
  const KEPT = [
    'severity',
    'kind',
    'firmware',
    'bottleneck',
    'startsAt',
    'endsAt',
    'powerState',
    'timeZone',
    'days',
    'mode',
  ];
  /** Ids and waves stay apart, else machines would become one. */
  const KEYS = ['id', 'machineId', 'wave', 'machineIds'];
  const withStrings = (text: string): Plan =>
    JSON.parse(JSON.stringify(PLAN), function (this: unknown, key, value) {
      if (typeof value !== 'string' || KEPT.includes(key) || Array.isArray(this)) return value;
      return KEYS.includes(key) ? value : text;
    });

  test.each([
    ['an element', '<script>alert(1)</script>'],
    ['an attribute', '" onmouseover="alert(1)'],
    ['an attribute in single quotes', "' autofocus '"],
    ['the end of what it stands in', '</style></title></code><img src=x onerror=alert(1)>'],
    ['a comment', '<!-- '],
    ['endless', 'x'.repeat(20_000)],
    ['written backwards', 'web\u202egnp.exe'],
  ])('that is %s changes no element and no attribute', (_, text) => {
    const page = pageOf(withStrings(text));
    const plain = pageOf(withStrings('plain'));
    expect(page.elements).toEqual(plain.elements);
    for (const name of ['class', 'href', 'id', 'style'])
      expect(page.attribute(name)).toEqual(plain.attribute(name));
    expect(page.attribute('onmouseover')).toEqual([]);
    expect(page.text).not.toMatch(/[\u202a-\u202e]/);
    expect(page.text).toContain(text.replace('\u202e', '\ufffd').trim());
  });

  test('of a zone that does not exist takes no page away', () => {
    const waves = PLAN.waves.map((wave) => ({
      ...wave,
      window: wave.window === null ? null : { ...wave.window, timeZone: 'Nowhere/At all' },
    }));
    expect(pageOf({ ...PLAN, waves }).text).toContain('Nowhere/At all');
  });
});

describe('the page', () => {
  const page = planHtml(PLAN, OPTIONS);
  const read = readHtml(page);
  const script = page.match(/<script>(.*)<\/script>/s)?.[1] ?? '';

  test('may run its own script alone, and refers to nothing outside', () => {
    const digest = createHash('sha256').update(script).digest('base64');
    expect(read.attribute('content')).toContain(
      `default-src 'none'; style-src 'unsafe-inline'; script-src 'sha256-${digest}'`,
    );
    expect(() => new Script(script)).not.toThrow();
    expect(page).not.toMatch(/https?:|url\(|@import|<link|<img|src=/);
  });

  test('has links that lead somewhere, ids that are unique, and no heading level left out', () => {
    const ids = new Set(read.attribute('id'));
    expect(ids.size).toBe(read.attribute('id').length);
    for (const href of read.attribute('href')) expect(ids).toContain(href.slice(1));
    for (const id of read.attribute('aria-labelledby')) expect(ids).toContain(id);
    const levels = read.elements.flatMap((name) => (/^h\d$/.test(name) ? [Number(name[1])] : []));
    expect(levels.filter((level) => level === 1)).toEqual([1]);
    levels.slice(1).forEach((level, index) => {
      expect(level - (levels[index] ?? 0)).toBeLessThanOrEqual(1);
    });
  });

  test('has a caption for every table and a scope for every heading of one', () => {
    const number = (...names: string[]) => read.elements.filter((name) => names.includes(name)).length;
    expect(number('caption')).toBe(number('table'));
    expect(read.attribute('scope')).toHaveLength(number('th'));
  });

  test('holds every one of thousands of machines in a size that a browser takes', () => {
    const plan = largePlan(10_000);
    const large = planHtml(plan, OPTIONS);
    expect(large.length).toBeLessThan(20e6);
    const ids = new Set([...large.matchAll(/ id="machine-(\d+)"/g)].map(([, id]) => id));
    expect(ids.size).toBe(10_000);
  }, 60_000);

  test('has a lane per machine only where there are few', () => {
    const lanes = (plan: Plan) => planHtml(plan, OPTIONS).match(/class="track"/g)?.length;
    expect(lanes(largePlan(200))).toBe(201);
    expect(lanes(largePlan(201))).toBe(1);
  });
});
