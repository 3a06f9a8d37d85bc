import {
  describeProfile,
  type GuestEvidence,
  loadProfiles,
  matchProfile,
  type Profile,
  type ProfileMatch,
  profileJsonSchema,
} from '../../guests/profiles/index.js';
import { XenferryError } from '../../model/errors.js';
import type { Command } from '../command.js';
import { type CommonOptions, formatTable, printJson, printLine } from '../output.js';

interface Options extends CommonOptions {
  readonly id: string | undefined;
  readonly match: string | undefined;
  readonly tools: string | undefined;
  readonly schema: boolean;
}

export const profilesCommand: Command<Options> = {
  builder: (args) =>
    args
      .positional('id', { type: 'string', describe: 'Profile to explain' })
      .option('match', {
        type: 'string',
        requiresArg: true,
        describe: 'Guest id, CIM number or description of a guest: which profile does it get?',
      })
      .option('tools', {
        type: 'string',
        requiresArg: true,
        describe: 'What VMware Tools report of that guest',
      })
      .option('schema', {
        type: 'boolean',
        default: false,
        describe: 'Print the JSON schema of a profile file',
      })
      .conflicts('id', ['match', 'tools'])
      .example('$0 profiles', 'Table of all profiles')
      .example('$0 profiles ubuntu-1204', 'All about one')
      .example('$0 profiles --match windows9Server64Guest', 'Which one a guest gets, and why'),
  handler: async ({ id, match, tools, schema, json }) => {
    if (schema) {
      printJson(profileJsonSchema());
      return;
    }
    const profiles = await loadProfiles();
    if (id !== undefined) explain(profiles, id, json);
    else if (match !== undefined || tools !== undefined)
      judge(profiles, evidenceOf(match ?? '', tools), json);
    else list(profiles, json);
  },
};

function list(profiles: readonly Profile[], json: boolean): void {
  if (json) {
    printJson({ profiles });
    return;
  }
  const sorted = profiles.toSorted((one, other) => one.id.localeCompare(other.id, 'en', { numeric: true }));
  const rows = sorted.map((profile) => [
    profile.id,
    profile.title,
    profile.support,
    profile.template,
    profile.pvDrivers.from,
  ]);
  printLine(formatTable([['PROFILE', 'GUESTS', 'SUPPORT', 'TEMPLATE', 'XEN DRIVERS'], ...rows]));
}

function explain(profiles: readonly Profile[], id: string, json: boolean): void {
  const profile = profiles.find((known) => known.id === id);
  if (profile === undefined) {
    throw new XenferryError('CONFIG_INVALID', `there is no profile "${id}"`, {
      hint: '`xenferry profiles` lists them; `--match` finds the one for a guest.',
    });
  }
  if (json) printJson(profile);
  else for (const [label, text] of describeProfile(profile)) printLine(`${label.padEnd(13)}${text}`);
}

function judge(profiles: readonly Profile[], evidence: GuestEvidence, json: boolean): void {
  const match = matchProfile(profiles, evidence);
  if (match === undefined)
    throw new XenferryError('PROFILE_INVALID', 'no profile matches, not even the generic one');
  const { profile, by, pattern } = match;
  if (json) printJson({ profile: profile.id, by, pattern });
  else printLine(`${profile.id}: ${profile.title}\n  ${reason(match)}`);
}

function reason({ by, pattern, profile: { precision } }: ProfileMatch): string {
  if (by === 'generic') return 'because no other profile fits';
  const number = by === 'cim' ? 'the CIM number' : `${SAYS[by]}, which fits`;
  return `by ${number} ${pattern}; that tells the ${precision}`;
}

const SAYS = {
  tools: "VMware Tools' report",
  'guest id': 'the guest id',
  description: 'the description',
} as const;

/** Sources keep number and text apart; here the operator gives either. */
function evidenceOf(match: string, tools: string | undefined): GuestEvidence {
  const number = /^\d{1,5}$/.test(match);
  return {
    guestOs: number ? '' : match,
    cimOs: number ? Number(match) : null,
    osDescription: '',
    reportedOs: tools ?? null,
  };
}
