import type {
  BatchSummary,
  Concern,
  Counts,
  JobDetail,
  JobState,
  JobSummary,
  PlanDocument,
  Timeline,
} from '../../src/dashboard/documents.js';
import { GIB, MIB } from '../../src/model/units.js';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;

/** Names as hostile estates have them. */
export const HOSTILE_NAMES = [
  '<img src=x onerror="document.title=\'owned\'">',
  'x'.repeat(300),
  '\u202Egnp.exe\u202C-rtl',
  'خادم البريد الإلكتروني',
  '</script><script>document.title="owned"</script>',
  '"><svg onload=alert(1)>',
] as const;

export const PLAN_TEXT = `# The shop's first night.
version: 1
sources:
  - path: /srv/exports
target:
  folder: /srv/converted
  networks:
    - {name: LAN}
    - {name: DMZ}
  storage:
    - {name: Fast, freeGiB: 4000}
    - {name: Bulk, freeGiB: 20000}
networks:
  # Checked with the network team.
  - {from: VM Network, to: LAN}
  - {from: "DMZ*", to: DMZ}
storage:
  - {from: "ssd*", to: Fast}
  - {from: "*", to: Bulk}
machines:
  old-print-server:
    skip: true # switched off since spring
windows:
  night: {days: [mon, tue, wed, thu, fri], from: "22:00", to: "06:00", timeZone: Europe/Berlin}
waves:
  - {name: pilot, window: night}
  - {name: rest, window: night}
`;

const CONCERNS: Concern[] = [
  {
    id: 'SNAPSHOTS',
    severity: 'warning',
    about: null,
    message: 'The machine has 2 snapshots; the current state is moved, they are not.',
    remedy: 'Consolidate the snapshots, or waive this.',
    fix: null,
    waivable: true,
    waived: null,
  },
  {
    id: 'SHARED_DISK',
    severity: 'critical',
    about: 'disk 2',
    message: 'The disk is shared with db02.',
    remedy: 'Detach it, or leave the machine out.',
    fix: null,
    waivable: true,
    waived: null,
  },
];

const LANES = 8;

/** A batch of so many machines in the midst of its night, at `now`: two fifths done, eight running, a few failed. */
export function nightJobs(batchId: number, machines: number, now: number): JobSummary[] {
  const each = (7.4 * HOUR * LANES) / machines;
  const free = Array.from({ length: LANES }, (_, lane) => now - 3.1 * HOUR + lane * 0.1 * each);
  let waiting = 0;
  return Array.from({ length: machines }, (_, index) => {
    const lane = free.indexOf(Math.min(...free));
    const from = free[lane] ?? now;
    const until = from + each * (0.6 + ((index * 37) % 41) / 50);
    free[lane] = until + 0.03 * each;
    const state = stateAt(index, from, until, now);
    const begun = from <= now;
    const ended = until <= now;
    if (!begun) waiting += 1;
    const dataBytes = (8 + ((index * 53) % 180)) * GIB;
    return {
      id: batchId * 100_000 + index,
      batchId,
      machineId: `vm-${index}`,
      name:
        HOSTILE_NAMES[waiting - 1] ??
        `${['web', 'db', 'app', 'mail', 'file'][index % 5]}${String(index).padStart(4, '0')}`,
      wave: index < machines / 10 ? 'pilot' : 'rest',
      state,
      step: begun && !ended ? (state === 'verifying' ? 'verify' : 'convert') : null,
      movedBytes: ended ? dataBytes : begun ? Math.floor((dataBytes * (now - from)) / (until - from)) : 0,
      dataBytes,
      bytesPerSecond: begun && !ended ? (30 + (index % 7) * 9) * MIB : 0,
      startedAt: begun ? from : null,
      endedAt: ended ? until : null,
      rolledBackAt: null,
      expectedStart: begun ? null : from,
      expectedEnd: ended ? null : until,
      fits: ended ? null : true,
      hold: state === 'planned' ? holdOf(index) : null,
      error:
        state === 'failed'
          ? {
              code: 'VMDK_GRAIN_OUT_OF_RANGE',
              message: 'disk 2: grain 118 points outside the file',
              hint: 'Export the machine again; the file is cut short.',
            }
          : null,
      worker: begun ? `ferry${(index % 3) + 1}` : null,
      attempts: begun ? 1 : 0,
      stuckSince: state === 'converting' && index % 8 === 3 ? now - 14 * MINUTE : null,
      onHold: false,
    };
  });
}

function stateAt(index: number, from: number, until: number, now: number): JobState {
  if (until <= now) return index % 150 === 77 ? 'failed' : 'done';
  if (from <= now) return index % 4 === 1 ? 'verifying' : 'converting';
  return 'planned';
}

function holdOf(index: number): JobSummary['hold'] {
  const reasons = [
    'waits for a place: 8 machines are running',
    'waits for esx03: 2 of 2 machines are read there',
  ];
  return { kind: 'limit', reason: reasons[index % 2] ?? '', until: null };
}

export function countsOf(jobs: readonly JobSummary[]): Counts {
  const counts = { waiting: 0, running: 0, paused: 0, done: 0, failed: 0, cancelled: 0, rolledBack: 0 };
  for (const { state } of jobs) {
    if (state === 'planned') counts.waiting += 1;
    else if (state === 'rolledBack' || state === 'rollingBack') counts.rolledBack += 1;
    else if (state === 'done' || state === 'failed' || state === 'paused' || state === 'cancelled')
      counts[state] += 1;
    else counts.running += 1;
  }
  return counts;
}

export function runningBatch(
  id: number,
  name: string,
  jobs: readonly JobSummary[],
  now: number,
): BatchSummary {
  const sum = (of: (job: JobSummary) => number): number => jobs.reduce((all, job) => all + of(job), 0);
  return {
    id,
    name,
    stage: 'running',
    target: '/srv/converted',
    destination: 'pool xen-lab.example',
    startedAt: now - 3.1 * HOUR,
    finishedAt: null,
    counts: countsOf(jobs),
    machines: jobs.length,
    dataBytes: sum(({ dataBytes }) => dataBytes),
    movedBytes: sum(({ movedBytes }) => movedBytes),
    bytesPerSecond: sum(({ bytesPerSecond }) => bytesPerSecond),
    onHold: false,
    outlook: {
      at: now - 4000,
      endsAt: now + 4.4 * HOUR,
      estimateEndsAt: now + 3.9 * HOUR,
      unfit: 0,
      bottleneck: 'source read on esx03',
      window: { name: 'night', opensAt: now - 3.2 * HOUR, closesAt: now + 4.8 * HOUR, open: true },
      machinesAtOnce: 8,
      bandwidth: 900 * MIB,
      hops: [
        { kind: 'host', name: 'esx03', bytesPerSecond: 248 * MIB, capacity: 251 * MIB },
        { kind: 'host', name: 'esx04', bytesPerSecond: 164 * MIB, capacity: 310 * MIB },
        { kind: 'link', name: '10 GbE', bytesPerSecond: 412 * MIB, capacity: 1100 * MIB },
        { kind: 'threads', name: 'ferry1', bytesPerSecond: 412 * MIB, capacity: null },
        { kind: 'repository', name: 'Bulk', bytesPerSecond: 412 * MIB, capacity: 620 * MIB },
      ],
    },
  };
}

export function endedBatch(id: number, name: string, now: number, failed: number): BatchSummary {
  return {
    id,
    name,
    stage: 'ended',
    target: '/srv/converted',
    destination: '/srv/converted as XVAs',
    startedAt: now - 30 * HOUR,
    finishedAt: now - 24.5 * HOUR,
    counts: { waiting: 0, running: 0, paused: 0, done: 214 - failed, failed, cancelled: 0, rolledBack: 0 },
    machines: 214,
    dataBytes: 9.1 * 1024 * GIB,
    movedBytes: 9.1 * 1024 * GIB,
    bytesPerSecond: 0,
    onHold: false,
    outlook: null,
  };
}

export function draftBatch(id: number, name: string): BatchSummary {
  return {
    ...endedBatch(id, name, 0, 0),
    stage: 'draft',
    startedAt: null,
    finishedAt: null,
    machines: 24,
    counts: { waiting: 24, running: 0, paused: 0, done: 0, failed: 0, cancelled: 0, rolledBack: 0 },
    movedBytes: 0,
  };
}

export function timelineOf({ outlook }: BatchSummary, jobs: readonly JobSummary[], now: number): Timeline {
  const wave = (index: number, slow: number): number =>
    1 + 0.18 * Math.sin(index / slow) + 0.05 * Math.sin(index * 1.7);
  return {
    now,
    window: outlook?.window ?? null,
    blackOuts: [],
    samples: Array.from({ length: 360 }, (_, index) => ({
      at: now - (360 - index) * 31_000,
      bytesPerSecond: 405 * MIB * wave(index, 40),
      running: 8,
      hops: {
        'host esx03': 240 * MIB * wave(index, 31),
        'host esx04': 165 * MIB * wave(index, 47),
        'link 10 GbE': 405 * MIB * wave(index, 40),
        'repository Bulk': 398 * MIB * wave(index + 4, 40),
      },
    })),
    jobs: jobs.slice(0, 2000),
    endsAt: outlook?.endsAt ?? null,
    estimateEndsAt: outlook?.estimateEndsAt ?? null,
  };
}

export function jobDetail(job: JobSummary, now: number): JobDetail {
  const { startedAt, endedAt, state } = job;
  const begun = startedAt !== null;
  return {
    ...job,
    os: 'Debian GNU/Linux 12 (64-bit)',
    firmware: 'efi',
    cpus: 4,
    memoryBytes: 16 * GIB,
    steps: begun
      ? [
          { name: 'fix', state: 'done', startedAt, finishedAt: startedAt + 2100, bytes: 0 },
          {
            name: 'convert',
            state: state === 'failed' ? 'failed' : endedAt === null ? 'running' : 'done',
            startedAt: startedAt + 2100,
            finishedAt: endedAt,
            bytes: job.movedBytes,
          },
        ]
      : [],
    disks: [0, 1].map((index) => ({
      index,
      name: `${job.name}_${index}.vmdk`,
      capacityBytes: 200 * GIB,
      dataBytes: job.dataBytes / 2,
      digest:
        state === 'done' ? 'xxh64:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08' : null,
      storage: 'Bulk',
    })),
    nics: [{ network: 'LAN', mac: '00:50:56:8a:11:02' }],
    concerns: CONCERNS.slice(0, 1),
    guest: begun
      ? {
          title: 'Debian GNU/Linux 12 (bookworm)',
          left: null,
          changes: [
            {
              fixup: 'initramfs',
              done: ['The initial RAM disk has the drivers of Xen.'],
              atFirstBoot: [],
              warnings: [],
            },
            {
              fixup: 'network-names',
              done: ['ens192 keeps its name.'],
              atFirstBoot: [],
              warnings: ['A script in /etc/network names ens192.'],
            },
          ],
          files: [
            { path: '/boot/initrd.img-6.1.0-28-amd64', change: 'write' },
            { path: '/etc/udev/rules.d/70-xen-names.rules', change: 'write' },
          ],
        }
      : null,
    sourceChanges: sourceChangesOf(job),
    rollbackUntil: state === 'done' ? now + 13 * 24 * HOUR : null,
    notes: begun ? ['The guest tools of VMware were left in place.'] : [],
    landed: state === 'done' ? '0d5cbb4e-1f6a-4a0e-9f6e-1d5a7c9f0b11' : null,
    output: `${job.machineId}.xva`,
    failures:
      state === 'failed'
        ? [
            {
              at: now - 40 * MINUTE,
              code: 'VMDK_GRAIN_OUT_OF_RANGE',
              message: 'disk 2: grain 118 points outside the file',
            },
          ]
        : [],
  };
}

/** Of one that was moved cold out of a vCenter, or will be. */
function sourceChangesOf({ state, startedAt, rolledBackAt }: JobSummary): JobDetail['sourceChanges'] {
  const kinds = ['shutDown', 'rename', 'disconnect'] as const;
  return kinds.map((kind, index) => {
    const madeAt = startedAt === null ? null : startedAt + (index + 1) * MINUTE;
    const times = { begunAt: madeAt, madeAt, undoneAt: rolledBackAt };
    if (rolledBackAt !== null) return { kind, state: 'undone', ...times };
    if (startedAt === null) return { kind, state: 'planned', ...times };
    return { kind, state: state === 'done' ? 'kept' : 'stands', ...times };
  });
}

function nameAt(index: number): string {
  return index === 3 ? HOSTILE_NAMES[0] : `shop${String(index).padStart(2, '0')}`;
}

export function planDocument(migration: string): PlanDocument {
  const left = [...migration.matchAll(/^ {2}(\S+):\n {4}skip: true/gm)].map(([, name]) => name);
  const listed = ['old-print-server', ...Array.from({ length: 24 }, (_, index) => nameAt(index))].map(
    (name, index) => {
      const skipped = left.includes(name);
      return {
        id: `vm-${index}`,
        sourceName: name,
        name,
        wave: skipped ? '' : index < 5 ? 'pilot' : 'rest',
        os: 'Debian GNU/Linux 12 (64-bit)',
        dataBytes: skipped ? 0 : 40 * GIB,
        disks: [{ storage: 'Bulk', dataBytes: 40 * GIB }],
        nics: [{ network: 'LAN', mac: null }],
        profile: 'debian-12',
        concerns: index === 8 ? CONCERNS : index === 10 ? CONCERNS.slice(0, 1) : [],
        skipped,
        fixups: 'auto',
      };
    },
  );
  const machines = listed.filter(({ skipped }) => !skipped);
  const bytes = machines.length * 40 * GIB;
  return {
    migration,
    concerns: [],
    unreadable: [],
    waves: ['pilot', 'rest'].map((name) => ({
      name,
      machineIds: machines.filter(({ wave }) => wave === name).map(({ id }) => id),
      window: 'night',
    })),
    machines: listed,
    estimate: {
      bytes,
      seconds: bytes / (400 * MIB),
      bottleneck: 'source',
      waves: ['pilot', 'rest'].map((wave) => {
        const own = machines.filter((machine) => machine.wave === wave);
        return {
          wave,
          machines: own.length,
          bytes: own.length * 40 * GIB,
          seconds: (own.length * 40 * GIB) / (400 * MIB),
          startsAt: null,
          endsAt: null,
          windows: 1,
          bottleneck: 'source',
        };
      }),
      storage: [{ storage: 'Bulk', bytes, freeBytes: 20_000 * GIB }],
    },
    blocked: false,
  };
}
