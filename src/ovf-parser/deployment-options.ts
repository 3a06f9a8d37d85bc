import { sectionsAnywhere } from './sections.js';
import { attribute, booleanOf, childrenNamed } from './xml-query.js';
import type { XmlElement } from './xml-tree.js';

export interface ChosenConfiguration {
  /** Null when the package has no configurations. */
  readonly id: string | null;
  /** All of the package, in document order. */
  readonly known: readonly string[];
}

/**
 * The configuration a deployment gets: the wanted one where the package has it, else the one marked default, else the
 * first (DSP0243 1.1 §9.8).
 */
export function chooseConfiguration(envelope: XmlElement, wanted: string | null): ChosenConfiguration {
  const configurations = sectionsAnywhere(envelope, 'DeploymentOptionSection').flatMap((section) =>
    childrenNamed(section, 'Configuration'),
  );
  const known = configurations.map((element) => attribute(element, 'id')).filter((id) => id !== null);
  if (wanted !== null && known.includes(wanted)) return { id: wanted, known };
  const marked = configurations.find((element) => booleanOf(attribute(element, 'default')));
  return { id: (marked === undefined ? null : attribute(marked, 'id')) ?? known[0] ?? null, known };
}

/** Whether an element is not tied to configurations, or tied to this one. */
export function appliesTo(element: XmlElement, configuration: string | null): boolean {
  const names = configurationsOf(element);
  return names.length === 0 || (configuration !== null && names.includes(configuration));
}

/** The configurations an element is tied to; empty for an element of them all. */
export function configurationsOf(element: XmlElement): readonly string[] {
  return attribute(element, 'configuration')?.split(/[\s,]+/) ?? [];
}
