import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { onTestFinished } from 'vitest';
import { z } from 'zod';

/** A benchmark is a bundle in `dist/`. */
const BESIDE = join(import.meta.dirname, '../simulators');
const SIMULATORS = existsSync(BESIDE) ? BESIDE : join(import.meta.dirname, '../test/simulators');
const SOURCES = join(SIMULATORS, 'vcsim');
const CACHE = join(SIMULATORS, '.cache');

const VCENTER_USER = 'administrator@vsphere.local';

/** A password that must be nowhere else, with what URLs and XML give a meaning to. */
export const VCENTER_PASSWORD = 'merlin:<4711>@&';

export interface VcenterOptions {
  /** Of its only user; VCENTER_PASSWORD unless told. */
  readonly password?: string;
  /** A host that stands alone instead of a vCenter. */
  readonly esx?: boolean;
  readonly clusters?: number;
  readonly hostsPerCluster?: number;
  readonly standaloneHosts?: number;
  readonly datastores?: number;
  readonly portGroups?: number;
  /** Most objects in an answer, unasked; 0 for no cap. */
  readonly pageCap?: number;
  /** Most areas in an answer of QueryChangedDiskAreas. */
  readonly areaCap?: number;
  /** How long tasks that change machines run at least. */
  readonly taskDelayMs?: number;
  /** Until a lease is ready. */
  readonly leaseDelayMs?: number;
  /** Until a lease without progress ends, in whole seconds. */
  readonly leaseTimeoutSeconds?: number;
  readonly sessionIdleMs?: number;
}

/** What goes wrong: README.md of the simulator tells what each kind does. `times` below 0 is without end. */
export type VcenterFault =
  | { readonly kind: 'dropSessions' | 'expireLeases' | 'clear' }
  | { readonly kind: 'resetTracking'; readonly vm: string }
  | (OfCall & {
      readonly kind: 'fail';
      readonly fault: string;
      readonly message?: string;
      readonly inTask?: boolean;
    })
  | (OfCall & { readonly kind: 'hangUp' })
  | (OfCall & { readonly kind: 'status'; readonly status: number })
  | (OfCall & { readonly kind: 'slow'; readonly ms: number })
  | (OfTransfer & { readonly kind: 'slow'; readonly ms?: number; readonly bytesPerSecond?: number })
  | (OfTransfer & { readonly kind: 'cut'; readonly afterBytes: number });

interface Repeated {
  /** How many it lets pass first. */
  readonly skip?: number;
  readonly times?: number;
}

interface OfCall extends Repeated {
  readonly method: string;
}

interface OfTransfer extends Repeated {
  readonly transfer: 'folder' | 'nfc' | 'vddk';
  /** A part of the path. */
  readonly path?: string;
}

export interface GuestFacts {
  readonly vm: string;
  readonly tools?: boolean;
  readonly shutdownMs?: number;
  readonly ignoresShutdown?: boolean;
  readonly hostName?: string;
  readonly fullName?: string;
  /** Of each network card in order, as `192.0.2.7/24`. */
  readonly addresses?: readonly (readonly string[])[];
}

const STATE = z.object({
  sessions: z.array(z.object({ user: z.string(), userAgent: z.string() })),
  leases: z.array(z.object({ vm: z.string(), state: z.string(), progress: z.number() })),
  snapshots: z.array(z.object({ vm: z.string(), name: z.string(), ref: z.string() })),
  /** Transfers at once of each host; `largestDisks` counts each disk once. */
  hosts: z.record(
    z.string(),
    z.object({ current: z.number(), largest: z.number(), largestDisks: z.number() }),
  ),
  datastores: z.array(z.object({ name: z.string(), folder: z.string() })),
});

const LOG = z.array(z.object({ at: z.string(), call: z.string(), on: z.string(), userAgent: z.string() }));

const READY = z.object({
  url: z.string(),
  control: z.string(),
  fingerprint: z.string(),
  certificate: z.string(),
});

/** A vCenter in a process of its own, with a folder of its own for its datastores. */
export interface SimulatedVcenter {
  /** `https://127.0.0.1:1234/sdk`. */
  readonly url: string;
  /** Where tests, and other simulators, tell it what to do. */
  readonly control: string;
  /** SHA-256 of its certificate, as openssl prints it. */
  readonly fingerprint: string;
  /** The certificate, which nobody but itself has signed. */
  readonly certificate: string;
  readonly user: string;
  readonly password: string;
  /** What the guest of a running machine writes; `vm`: its name or the value of its reference. */
  write(vm: string, diskKey: number, offset: number, bytes: Uint8Array): Promise<void>;
  /** What goes wrong next, in this order. */
  fault(...faults: readonly VcenterFault[]): Promise<void>;
  guest(facts: GuestFacts): Promise<void>;
  /** What the user is told to lack, everywhere or on an object, by the value of its reference; no call is refused for it. */
  lackPrivileges(
    ...lacking: readonly { readonly privilege: string; readonly object?: string }[]
  ): Promise<void>;
  /** How much a datastore says is free, in bytes. */
  freeSpace(datastore: string, freeBytes: number): Promise<void>;
  /** Whether the host of a machine is reached. */
  reachable(vm: string, connected: boolean): Promise<void>;
  state(): Promise<z.infer<typeof STATE>>;
  /** All calls so far, in order: methods of SOAP on an object, or `GET /folder/...` on a range. */
  log(): Promise<z.infer<typeof LOG>>;
  close(): Promise<void>;
}

/** A simulated vCenter until the test ends. */
export async function simulatedVcenter(options: VcenterOptions = {}): Promise<SimulatedVcenter> {
  const vcenter = await startVcenter(options);
  onTestFinished(() => vcenter.close());
  return vcenter;
}

/** A simulated vCenter until it is closed. */
export async function startVcenter(options: VcenterOptions = {}): Promise<SimulatedVcenter> {
  const folder = mkdtempSync(join(tmpdir(), 'xenferry-vcenter-'));
  const { password = VCENTER_PASSWORD } = options;
  const args = ['-until-eof', '-username', VCENTER_USER, '-password', password, ...flagsOf(options)];
  const env = { ...process.env, TMPDIR: folder };
  const child = spawn(binary(), args, { env, stdio: ['pipe', 'pipe', 'pipe'] });
  const close = async (): Promise<void> => {
    await end(child);
    rmSync(folder, { recursive: true, force: true });
  };
  try {
    const facts = READY.parse(await ready(child));
    return { ...facts, user: VCENTER_USER, password, ...controlOf(facts.control), close };
  } catch (error) {
    await close();
    throw error;
  }
}

/** The program, built when its sources have changed; throws when Go or govmomi are missing. */
function binary(): string {
  const hash = createHash('sha256');
  for (const name of readdirSync(SOURCES).toSorted()) {
    if (name.endsWith('.go')) hash.update(name).update(readFileSync(join(SOURCES, name)));
  }
  const path = join(CACHE, `vcsim-${hash.digest('hex').slice(0, 16)}`);
  execFileSync(join(SOURCES, 'build.sh'), [path], { stdio: ['ignore', 'ignore', 'inherit'] });
  return path;
}

function flagsOf(options: VcenterOptions): string[] {
  const milliseconds = (value: number | undefined) => (value === undefined ? undefined : `${value}ms`);
  const { leaseTimeoutSeconds } = options;
  const flags = {
    cluster: options.clusters,
    host: options.hostsPerCluster,
    'standalone-host': options.standaloneHosts,
    ds: options.datastores,
    pg: options.portGroups,
    'page-cap': options.pageCap,
    'area-cap': options.areaCap,
    'task-delay': milliseconds(options.taskDelayMs),
    'lease-delay': milliseconds(options.leaseDelayMs),
    'lease-timeout': leaseTimeoutSeconds === undefined ? undefined : `${leaseTimeoutSeconds}s`,
    'session-idle': milliseconds(options.sessionIdleMs),
  };
  const given = Object.entries(flags).filter(([, value]) => value !== undefined);
  return [...(options.esx === true ? ['-esx'] : []), ...given.map(([name, value]) => `-${name}=${value}`)];
}

async function ready(child: ChildProcess): Promise<unknown> {
  const said: string[] = [];
  child.stderr?.on('data', (piece) => {
    if (said.length < 100) said.push(String(piece));
  });
  if (child.stdout === null) throw new Error('no output');
  for await (const line of createInterface(child.stdout)) {
    if (line.startsWith('READY ')) return JSON.parse(line.slice('READY '.length));
  }
  throw new Error(`the simulated vCenter has ended: ${said.join('')}`);
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = once(child, 'exit');
  child.stdin?.end();
  await ended;
}

type Control = Pick<
  SimulatedVcenter,
  'write' | 'fault' | 'guest' | 'lackPrivileges' | 'freeSpace' | 'reachable' | 'state' | 'log'
>;

function controlOf(url: string): Control {
  const order = async (path: string, what: object): Promise<void> => {
    const answer = await fetch(`${url}/${path}`, { method: 'POST', body: JSON.stringify(what) });
    if (!answer.ok) throw new Error(await answer.text());
  };
  const told = async (path: string): Promise<unknown> => (await fetch(`${url}/${path}`)).json();
  return {
    write: (vm, diskKey, offset, bytes) =>
      order('write', { vm, diskKey, offset, base64: Buffer.from(bytes).toString('base64') }),
    fault: async (...faults) => {
      for (const fault of faults) await order('faults', fault);
    },
    guest: (facts) => order('guest', facts),
    lackPrivileges: (...lacking) => order('privileges', { lacking }),
    freeSpace: (name, freeBytes) => order('datastore', { name, freeBytes }),
    reachable: (vm, connected) => order('host', { vm, connected }),
    state: async () => STATE.parse(await told('state')),
    log: async () => LOG.parse(await told('log')),
  };
}
