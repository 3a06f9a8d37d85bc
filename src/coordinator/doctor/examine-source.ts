import { describeError, toXenferryError } from '../../model/errors.js';
import { formatSeconds } from '../../model/format.js';
import type { VsphereReference } from '../../model/vsphere-reference.js';
import {
  clockAhead,
  connectVsphere,
  missingPrivileges,
  type Ref,
  retrieve,
  type VsphereClient,
  type VspherePatience,
} from '../../vsphere/index.js';
import type { Finding } from './finding.js';
import { type ActionPlace, SOURCE_ACTIONS, type SourceAction } from './source-actions.js';

/** Beyond it tokens of a single sign-on are refused, and times in logs mislead. Milliseconds. */
const SKEW = 60_000;
/** Of machines and of datastores: permissions mostly come from folders above them. */
const MOST_ASKED = 200;
/** Names in one line. */
const MOST_SHOWN = 3;

const TYPES = { datastore: 'Datastore', machine: 'VirtualMachine' } as const;

/**
 * Looks at a vCenter or an ESXi host as its user: that it can be reached, what it is, its clock, how its inventory comes,
 * and which privileges are missing for what. `wanted`: what is to be done there; what else cannot be done is told, too.
 * Changes nothing; does not reject.
 */
export async function examineSource(
  server: VsphereReference,
  wanted: ReadonlySet<SourceAction>,
  patience?: VspherePatience,
): Promise<Finding[]> {
  const findings: Finding[] = [];
  try {
    const client = await connectVsphere({ ...server, patience });
    try {
      findings.push(await serverFinding(client), trustFinding(server), await clockFinding(client));
      const objects = await objectsOf(client, findings);
      for (const action of Object.keys(SOURCE_ACTIONS) as SourceAction[]) {
        findings.push(await privilegeFinding(client, action, objects, wanted.has(action)));
      }
    } finally {
      await client.close();
    }
  } catch (error) {
    findings.push(failed(server.url, error));
  }
  return findings;
}

/** What went wrong, as something to be mended. */
export function failed(what: string, error: unknown): Finding {
  const known = toXenferryError(error);
  return { what, state: 'missing', detail: `${describeError(known)} (${known.code})`, remedy: known.hint };
}

async function serverFinding(client: VsphereClient): Promise<Finding> {
  const { fullName, apiType } = await client.about();
  const kind = apiType === 'VirtualCenter' ? 'a vCenter' : 'an ESXi host';
  return { what: client.shown, state: 'ok', detail: `${kind}: ${fullName}`, remedy: '' };
}

/** Otherwise there would be no connection. */
function trustFinding({ tlsFingerprints }: VsphereReference): Finding {
  const detail =
    tlsFingerprints.length === 0 ? 'signed by whom the system trusts' : 'has a fingerprint that was given';
  return { what: 'its certificate', state: 'ok', detail, remedy: '' };
}

async function clockFinding(client: VsphereClient): Promise<Finding> {
  const ahead = await clockAhead(client);
  const seconds = formatSeconds(Math.abs(ahead) / 1000);
  const isNear = Math.abs(ahead) <= SKEW;
  return {
    what: 'its clock',
    state: isNear ? 'ok' : 'optional',
    detail: isNear ? 'agrees with ours' : `is ${seconds} ${ahead > 0 ? 'ahead of' : 'behind'} ours`,
    remedy: isNear ? '' : 'Have both set by the same time servers.',
  };
}

type Objects = Readonly<Record<ActionPlace, readonly Named[]>>;
interface Named {
  readonly ref: Ref;
  readonly name: string;
}

/** Those that privileges are asked for, with a finding about how they came. */
async function objectsOf(client: VsphereClient, findings: Finding[]): Promise<Objects> {
  const { rootFolder } = await client.content();
  const datastore = await allOf(client, TYPES.datastore);
  const machine = await allOf(client, TYPES.machine);
  const answers = machine.answers + datastore.answers;
  findings.push({
    what: 'its inventory',
    state: 'ok',
    detail: `${machine.found.length} machines and ${datastore.found.length} datastores, in ${answers} answers`,
    remedy: '',
  });
  return {
    root: [{ ref: rootFolder, name: 'the root folder' }],
    datastore: sampleOf(datastore.found),
    machine: sampleOf(machine.found),
  };
}

async function allOf(client: VsphereClient, type: string) {
  const found: Named[] = [];
  let answers = 0;
  for await (const page of retrieve(client, { type, properties: ['name'] })) {
    answers++;
    for (const { ref, properties } of page) {
      const { name } = properties;
      found.push({ ref, name: typeof name === 'string' ? name : ref.value });
    }
  }
  return { found, answers };
}

/** Evenly over all of them. */
function sampleOf(all: readonly Named[]): Named[] {
  const step = Math.max(1, all.length / MOST_ASKED);
  return Array.from(
    { length: Math.min(all.length, MOST_ASKED) },
    (_, index) => all[Math.floor(index * step)],
  ).filter((one) => one !== undefined);
}

async function privilegeFinding(
  client: VsphereClient,
  action: SourceAction,
  objects: Objects,
  isWanted: boolean,
): Promise<Finding> {
  const { what: doing, on, privileges } = SOURCE_ACTIONS[action];
  const what = `privileges for ${doing}`;
  const asked = objects[on];
  try {
    const missing = await missingPrivileges(
      client,
      asked.map(({ ref }) => ref),
      privileges,
    );
    if (missing.size === 0) return { what, state: 'ok', detail: privileges.join(', '), remedy: '' };
    const names = new Map(asked.map(({ ref, name }) => [ref.value, name]));
    const gaps = [...missing].map(([id, refs]) => {
      const all = refs.map(({ value }) => names.get(value) ?? value).sort();
      const shown = all.slice(0, MOST_SHOWN);
      const more = refs.length > MOST_SHOWN ? ` and ${refs.length - MOST_SHOWN} more` : '';
      return `${id} on ${shown.join(', ')}${more}`;
    });
    return {
      what,
      state: isWanted ? 'missing' : 'optional',
      detail: `missing: ${gaps.join('; ')}`,
      remedy: 'Give the user a role with it that reaches these objects (docs/vsphere.md).',
    };
  } catch (error) {
    return failed(what, error);
  }
}
