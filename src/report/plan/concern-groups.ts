import type { Severity } from '../../model/inventory.js';
import type { Concern, Plan } from '../../model/plan.js';

/** Findings of one kind, which want the same done. */
export interface ConcernGroup {
  readonly id: string;
  readonly severity: Severity;
  readonly remedy: string;
  readonly fix: string | null;
  readonly findings: readonly Finding[];
}

/** What was found, and about whom. */
export interface Finding {
  readonly message: string;
  readonly waived: string | null;
  readonly subjects: readonly Subject[];
}

export interface Subject {
  /** Position in `plan.machines`; null for the plan as a whole and for a descriptor that could not be read. */
  readonly machine: number | null;
  readonly name: string;
  /** Disk, network card or device; null when it is the whole machine. */
  readonly about: string | null;
}

const SEVERITIES: readonly Severity[] = ['critical', 'warning', 'information'];

/** All concerns of a plan, the gravest first, otherwise in the order in which they come; linear in their number. */
export function concernGroups(plan: Plan): ConcernGroup[] {
  const groups = new Map<string, ConcernGroup & { readonly byFinding: Map<string, Finding & Open> }>();
  const add = (concern: Concern, subject: Subject) => {
    const { id, severity, remedy, fix, message, waived } = concern;
    const key = JSON.stringify([id, severity, remedy, fix]);
    const group = groups.get(key) ?? { id, severity, remedy, fix, findings: [], byFinding: new Map() };
    groups.set(key, group);
    const findingKey = JSON.stringify([message, waived]);
    const finding = group.byFinding.get(findingKey) ?? { message, waived, subjects: [] };
    group.byFinding.set(findingKey, finding);
    finding.subjects.push(subject);
  };
  const whole = { machine: null, name: 'The plan' };
  for (const concern of plan.concerns) add(concern, { ...whole, about: concern.about });
  for (const problem of plan.unreadable) {
    const { code: id, severity, message, hint: remedy, file: name, line } = problem;
    const about = line === null ? null : `line ${line}`;
    const concern = { id, severity, about, message, remedy, fix: null, waivable: false, waived: null };
    add(concern, { machine: null, name, about });
  }
  for (const [machine, { machine: vm, concerns }] of plan.machines.entries()) {
    for (const concern of concerns) add(concern, { machine, name: vm.name, about: concern.about });
  }
  const all = [...groups.values()].map(({ byFinding, ...group }) => ({
    ...group,
    findings: [...byFinding.values()],
  }));
  return SEVERITIES.flatMap((severity) => all.filter((group) => group.severity === severity));
}

interface Open {
  readonly subjects: Subject[];
}
