import { describe, expect, test } from 'vitest';
import type { GuestRecord } from '../../../src/guests/index.js';
import { MIB } from '../../../src/model/units.js';
import { renderHtml } from '../../../src/report/index.js';
import type { MachineReport } from '../../../src/report/run-report.js';
import { FULL, machine, report, TRUNCATED, UNREADABLE } from './sample-report.js';

/** What a reader sees, without the style sheet and with blanks joined. */
function textOf(page: string): string {
  const entities: Record<string, string> = {
    '&lt;': '<',
    '&gt;': '>',
    '&quot;': '"',
    '&#39;': "'",
    '&amp;': '&',
  };
  return page
    .replace(/<style>.*<\/style>/s, '')
    .replace(/<[^>]*>/g, ' ')
    .replace(/&[^;]+;/g, (entity) => entities[entity] ?? entity)
    .replace(/\s+/g, ' ');
}

describe('the reader learns', () => {
  test.each([
    ['All 2 machines done', [machine('done'), machine('done')]],
    ['The machine is done', [machine('done')]],
    ['1 of 2 machines failed', [machine('done'), UNREADABLE]],
    ['All 2 machines failed', [TRUNCATED, UNREADABLE]],
    ['The machine failed', [TRUNCATED]],
    ['1 of 2 machines not finished', [machine('done'), machine('cancelled')]],
    ['The machine is not finished', [machine('planned')]],
    ['No machines', []],
  ])('%s', (verdict, machines) => {
    const page = renderHtml(report(machines));
    expect(page).toContain(`>${verdict}</h1>`);
    expect(page).toContain(`<title>Xenferry report: ${verdict}</title>`);
  });

  test('when, how long and how much', () => {
    const page = renderHtml(FULL);
    expect(page).toContain('<time datetime="2025-07-04T20:00:00.000Z">');
    expect(page).toContain('<time datetime="2025-07-04T20:03:20.000Z">');
    expect(textOf(page)).toMatch(
      /Data moved 10 GiB .* Output 11 GiB .* Duration 3 m 20 s .* Overall rate 51.2 MiB\/s/,
    );
    expect(textOf(page)).toContain('Estimate 3 m 00 s before it began; it took 3 m 20 s');
    const running = textOf(renderHtml(report([machine('converting')], { finishedAt: null })));
    expect(running).toMatch(/Duration – .* Overall rate – .* Still running, or stopped before the end/);
  });

  test('what was changed inside a guest, and why one was not', () => {
    const fixup = {
      id: 'windows/storage-drivers',
      title: 'Drivers of the boot disk',
      done: ['These drivers load when Windows starts: <atapi>.'],
      atFirstBoot: ['VMware Tools are uninstalled.'],
      warnings: ['Look at the address.'],
      registry: [{ key: 'SYSTEM\\Select', value: 'Start', before: null, after: '0x00000000' }],
    };
    const record: GuestRecord = {
      version: 1,
      system: {
        family: 'windows',
        distribution: 'windows',
        version: '10.0.14393',
        title: 'Windows Server 2016',
        architecture: 'x86_64',
      },
      profile: 'windows-2016',
      fixups: [fixup],
      edits: [{ kind: 'remove', path: '/Windows/System32/config/SYSTEM', before: null }],
      backends: {},
      problems: ['/dev/sda3: the volume is encrypted'],
      disks: [],
    };
    const text = textOf(renderHtml(report([machine('done', { guest: { kind: 'mended', record } })])));
    expect(text).toMatch(/Changes inside Windows Server 2016 .*Drivers of the boot disk/);
    expect(text).toMatch(
      /At the first start: VMware Tools are uninstalled\. .*To look at: Look at the address\./,
    );
    expect(text).toContain('/dev/sda3: the volume is encrypted');
    expect(text).toMatch(/1 file changed: \/Windows\/System32\/config\/SYSTEM/);
    expect(text).toMatch(/SYSTEM\\Select Start .*nothing .*0x00000000/);
    const reason = { code: 'GUEST_REFUSED', message: 'it hibernates', hint: 'Shut it down.' } as const;
    const left = textOf(renderHtml(report([machine('done', { guest: { kind: 'left', reason } })])));
    expect(left).toMatch(/The guest was left as it is .*it hibernates .*GUEST_REFUSED.* Shut it down\./);
  });

  test('what each step took, and where a run went on with earlier work', () => {
    const row = (steps: MachineReport['steps'], state: MachineReport['state'] = 'done') =>
      textOf(renderHtml(report([machine(state, { steps })]))).match(
        /ubuntu64Guest.*?(?=What|Machine details)/,
      )?.[0];
    expect(row(machine('done').steps)).toMatch(
      /web01.xva 11 GiB .*10 GiB .*1 m 40 s 102 MiB\/s .*50 s 205 MiB\/s/,
    );
    expect(row([{ name: 'convert', state: 'done', seconds: 0.4, bytes: 0 }])).toMatch(
      /0.4 s resumed .* Resumed :/,
    );
    expect(row([{ name: 'convert', state: 'done', seconds: 2, bytes: 4 * MIB }])).toContain(
      '2.0 s 2 MiB/s, resumed',
    );
    expect(row([{ name: 'convert', state: 'running', seconds: null, bytes: 0 }], 'cancelled')).toContain(
      'stopped',
    );
    expect(row([{ name: 'convert', state: 'running', seconds: null, bytes: 0 }], 'converting')).toContain(
      'under way',
    );
    const stopped = machine('cancelled', {
      safeBytes: 4 * MIB,
      steps: [{ name: 'convert', state: 'running', seconds: null, bytes: 0 }],
    });
    expect(textOf(renderHtml(report([stopped])))).toMatch(/stopped 4 MiB kept .* Kept :/);
  });

  test('how often a machine was read that was moved while it ran, and how long it was down', () => {
    const warm = {
      passes: [
        { kind: 'first' as const, begunAt: 1_751_659_200_000, seconds: 60, bytes: 1024 * MIB },
        { kind: 'last' as const, begunAt: 1_751_659_300_000, seconds: null, bytes: 0 },
      ],
      waitingSince: null,
      downAt: 1_751_659_300_000,
      downtimeMs: 4_200,
      startedMs: 70_000,
    };
    const text = textOf(renderHtml(report([machine('done', { warm })])));
    expect(text).toMatch(/Downtime 4.2 s until it could be started Started 1 m 10 s after its shutdown/);
    expect(text).toMatch(
      /All of its disks .* 1 GiB 1 m 00 s The last changes, after its shutdown .* broken off/,
    );
    const waiting = machine('paused', {
      warm: { ...warm, downAt: null, downtimeMs: null, startedMs: null },
      waitsFor: 'waits for its cutover window saturday',
    });
    expect(textOf(renderHtml(report([waiting])))).toContain('waits for its cutover window saturday');
  });

  test('what failed, where, and what to do about it', () => {
    const text = textOf(renderHtml(FULL));
    expect(text).toContain(
      'db01 the file ends early What to do Copy it again. Where web-disk1.vmdk , byte 512 Code VMDK_TRUNCATED',
    );
    expect(text).toContain(
      'broken.ovf not closed What to do Export it again. Where broken.ovf , line 12 Code OVF_MALFORMED',
    );
  });

  test('what each machine is', () => {
    const text = textOf(renderHtml(report([machine('done')])));
    for (const part of [
      'CPUs 4, 2 cores per socket Memory 8 GiB Firmware UEFI, Secure Boot on Start order 1, then wait 30 s',
      'Warning odd topology PLAN_CPU_TOPOLOGY Set the cores.',
      `streamOptimized on pvscsi 0:0 40 GiB 10 GiB SHA-256 matches ${'d1'.repeat(32)}`,
      'DMZ 00:50:56:00:00:01 vmxnet3 Backup none given, one is derived e1000',
    ]) {
      expect(text.replace(/ +/g, ' ')).toContain(part);
    }
  });

  test('what to do next', () => {
    const quoted = machine('done', { output: "it's web 01.xva" });
    const text = textOf(
      renderHtml(report([machine('done'), quoted, TRUNCATED], { sources: ['/my exports'] })),
    );
    for (const part of [
      "xenferry run '/my exports' --target /srv/xva",
      'DMZ web01 Backup web01',
      'xe vm-import filename=web01.xva preserve=true sr-uuid="$SR"',
      `xe vm-import filename='it'\\''s web 01.xva' preserve=true sr-uuid="$SR"`,
      'web01, then wait 30 s db01 (failed), then wait 30 s',
    ]) {
      expect(text.replace(/ ,/g, ',')).toContain(part);
    }
    expect(text).not.toContain('filename=db01.xva');
    expect(textOf(renderHtml(report([UNREADABLE])))).not.toContain('xe vm-import');
    expect(textOf(renderHtml(report([machine('done')])))).not.toContain('xenferry run');
  });
});
