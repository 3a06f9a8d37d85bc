import { compilePattern, type GuestPattern } from './glob.js';
import type { Profile } from './profile.js';

/** What a source tells of the system in a machine. */
export interface GuestEvidence {
  /** vSphere guest id, VMX guestOS, or a description where the source knows no id; may be empty. */
  readonly guestOs: string;
  /** CIM_OperatingSystem.OsType. */
  readonly cimOs: number | null;
  /** For people; may be empty. */
  readonly osDescription: string;
  /** As VMware Tools put it. */
  readonly reportedOs: string | null;
}

export interface ProfileMatch {
  readonly profile: Profile;
  /** What decided. */
  readonly by: 'tools' | 'guest id' | 'description' | 'cim' | 'generic';
  /** The pattern, or CIM number, that fitted. */
  readonly pattern: string;
}

const PRECISIONS: readonly Profile['precision'][] = ['none', 'family', 'product', 'release'];
/** Of a text from a source; no real name of a system comes near. */
const MAX_TEXT = 300;

/**
 * The profile for a guest. What names a release beats what names a product, that beats a mere family; among equals
 * VMware Tools beat the id, the id the description, and that the CIM number, whose list ends with Windows Server
 * 2012 R2. Where Tools and the rest differ in the family, Tools saw what runs. Within one text the pattern with the
 * most literal characters wins. Undefined when not even a pattern `*` fits.
 */
export function matchProfile(profiles: readonly Profile[], guest: GuestEvidence): ProfileMatch | undefined {
  let matcher = MATCHERS.get(profiles);
  if (matcher === undefined) {
    matcher = new ProfileMatcher(profiles);
    MATCHERS.set(profiles, matcher);
  }
  return matcher.match(guest);
}

/** An estate of ten thousand machines is matched with patterns compiled once. */
const MATCHERS = new WeakMap<readonly Profile[], ProfileMatcher>();

interface Candidate extends GuestPattern {
  readonly profile: Profile;
}

interface Hit {
  readonly profile: Profile;
  readonly pattern: string;
}

class ProfileMatcher {
  readonly #ids: TextMatcher;
  readonly #descriptions: TextMatcher;
  readonly #cim: ReadonlyMap<number, Profile>;

  constructor(profiles: readonly Profile[]) {
    const candidates = (kind: 'vmware' | 'description') =>
      profiles.flatMap((profile) =>
        profile.match[kind].map((pattern): Candidate => ({ ...compilePattern(pattern), profile })),
      );
    this.#ids = new TextMatcher(candidates('vmware'));
    this.#descriptions = new TextMatcher(candidates('description'));
    this.#cim = new Map(profiles.flatMap((profile) => profile.match.cim.map((number) => [number, profile])));
  }

  match({ guestOs, cimOs, osDescription, reportedOs }: GuestEvidence): ProfileMatch | undefined {
    const tools = this.#descriptions.match(reportedOs ?? '');
    const cim = cimOs === null ? undefined : this.#cim.get(cimOs);
    const found: ProfileMatch[] = [
      ...told('tools', tools),
      // Ids have no blanks; what has some is a description.
      ...told('guest id', this.#ids.match(/\s/.test(guestOs.trim()) ? '' : guestOs)),
      ...told('description', this.#descriptions.match(osDescription)),
      ...told('description', this.#descriptions.match(guestOs)),
      ...told('cim', cim === undefined ? undefined : { profile: cim, pattern: String(cimOs) }),
    ];
    const seen = tools?.profile.family ?? 'other';
    const best = found
      .filter(({ profile: { family } }) => seen === 'other' || family === seen)
      .reduce<ProfileMatch | undefined>(
        (most, match) => (most === undefined || precisionOf(match) > precisionOf(most) ? match : most),
        undefined,
      );
    return best?.profile.precision === 'none' ? { ...best, by: 'generic' } : best;
  }
}

function told(by: ProfileMatch['by'], hit: Hit | undefined): ProfileMatch[] {
  return hit === undefined ? [] : [{ profile: hit.profile, by, pattern: hit.pattern }];
}

function precisionOf({ profile }: Hit): number {
  return PRECISIONS.indexOf(profile.precision);
}

/** Remembers what a text fitted: thousands of machines have a few dozen systems between them. */
class TextMatcher {
  readonly #candidates: readonly Candidate[];
  readonly #known = new Map<string, Hit | undefined>();

  constructor(candidates: readonly Candidate[]) {
    // The first that fits is the best; of equals, the one whose file comes first.
    this.#candidates = candidates.toSorted(
      (one, other) => precisionOf(other) - precisionOf(one) || other.weight - one.weight,
    );
  }

  match(text: string): Hit | undefined {
    const name = text.slice(0, MAX_TEXT).trim().toLowerCase();
    if (!this.#known.has(name)) {
      this.#known.set(
        name,
        this.#candidates.find(({ fits }) => fits(name)),
      );
    }
    return this.#known.get(name);
  }
}
