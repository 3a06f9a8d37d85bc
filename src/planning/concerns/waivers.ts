import { ERROR_CATALOG } from '../../model/error-catalog.js';
import type { Concern } from '../../model/plan.js';
import type { CompiledRule } from './compile-rule.js';

/** Why the operator goes on regardless, by the concern's id. */
export type WaiverReasons = Readonly<Record<string, string>>;

/** Concerns that the program finds beside the rules and the error codes. */
const OWN_IDS = ['RULE_FAILED', 'WAIVER_REFUSED', 'WAIVER_UNKNOWN'];

/** Waives what may be waived; `refused` has the ids of what was there and may not be. */
export function applyWaivers(
  concerns: readonly Concern[],
  reasons: WaiverReasons,
): { concerns: Concern[]; refused: string[] } {
  const refused = new Set<string>();
  const judged = concerns.map((concern): Concern => {
    const reason = Object.hasOwn(reasons, concern.id) ? reasons[concern.id] : undefined;
    if (reason === undefined) return concern;
    if (concern.waivable) return { ...concern, waived: reason };
    refused.add(concern.id);
    return concern;
  });
  return { concerns: judged, refused: [...refused] };
}

/** A machine's own reasons before the plan's. */
export function waiversFor(own: WaiverReasons | undefined, plan: WaiverReasons | undefined): WaiverReasons {
  return { ...plan, ...own };
}

/**
 * The plan's concerns about waivers that did nothing: `refused` by machine name as `applyWaivers` told, and those
 * among `given` whose id no rule and no error has.
 */
export function waiverConcerns(
  refused: readonly { readonly machine: string; readonly ids: readonly string[] }[],
  given: Iterable<string>,
  rules: readonly CompiledRule[],
): Concern[] {
  const machines = new Map<string, string[]>();
  for (const { machine, ids } of refused) {
    for (const id of ids) {
      const names = machines.get(id);
      if (names === undefined) machines.set(id, [machine]);
      else names.push(machine);
    }
  }
  const known = new Set([...rules.map(({ rule }) => rule.id), ...Object.keys(ERROR_CATALOG), ...OWN_IDS]);
  const unknown = [...new Set(given)].filter((id) => !known.has(id));
  return [
    ...[...machines].map(([id, names]) => refusal(id, names)),
    ...unknown.map((id) =>
      warning('WAIVER_UNKNOWN', id, `No concern is called ${id}.`, 'Correct the id of the waiver.'),
    ),
  ];
}

function refusal(id: string, [first = '', ...others]: readonly string[]): Concern {
  const where = others.length === 0 ? first : `${first} and ${others.length} more`;
  const message = `${id} was found on ${where} and cannot be waived.`;
  return warning('WAIVER_REFUSED', id, message, 'Resolve the concern, or leave the machine out.');
}

function warning(id: string, about: string, message: string, remedy: string): Concern {
  return { id, severity: 'warning', about, message, remedy, fix: null, waivable: true, waived: null };
}
