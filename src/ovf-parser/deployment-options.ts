import { sectionsAnywhere } from './sections.js';
import { attribute, booleanOf, childrenNamed } from './xml-query.js';
import type { XmlElement } from './xml-tree.js';

/** The configuration a deployment without a choice gets: the one marked default, else the first (DSP0243 1.1 §9.8). */
export function defaultConfiguration(envelope: XmlElement): string | null {
  const configurations = sectionsAnywhere(envelope, 'DeploymentOptionSection').flatMap((section) =>
    childrenNamed(section, 'Configuration'),
  );
  const marked = configurations.find((configuration) => booleanOf(attribute(configuration, 'default')));
  const chosen = marked ?? configurations[0];
  return chosen === undefined ? null : attribute(chosen, 'id');
}

/** Whether an element is not tied to configurations, or tied to this one. */
export function appliesTo(element: XmlElement, configuration: string | null): boolean {
  const names = configurationsOf(element);
  return names.length === 0 || (configuration !== null && names.includes(configuration));
}

/** The configurations an element is tied to; empty for an element of them all. */
export function configurationsOf(element: XmlElement): readonly string[] {
  return attribute(element, 'configuration')?.split(/\s+/) ?? [];
}

/**
 * Default values of the package's properties by full key `class.key.instance`, for `${...}` references
 * (DSP0243 1.1 §9.5).
 */
export function propertyDefaults(
  envelope: XmlElement,
  configuration: string | null,
): ReadonlyMap<string, string> {
  const defaults = new Map<string, string>();
  for (const product of sectionsAnywhere(envelope, 'ProductSection')) {
    for (const property of childrenNamed(product, 'Property')) {
      const parts = [attribute(product, 'class'), attribute(property, 'key'), attribute(product, 'instance')];
      const key = parts.filter((part) => part !== null).join('.');
      const value = defaultValue(property, configuration);
      if (value !== null && !defaults.has(key)) defaults.set(key, value);
    }
  }
  return defaults;
}

function defaultValue(property: XmlElement, configuration: string | null): string | null {
  const values = childrenNamed(property, 'Value').filter((value) => appliesTo(value, configuration));
  const specific = values.find((value) => configurationsOf(value).length > 0) ?? values[0];
  const chosen = specific === undefined ? null : (attribute(specific, 'value') ?? specific.text);
  return chosen ?? attribute(property, 'value');
}
