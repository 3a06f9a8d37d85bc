import { appliesTo, configurationsOf } from './deployment-options.js';
import { sectionsAnywhere, sectionsOf } from './sections.js';
import { holdsSecret } from './settings.js';
import { attribute, booleanOf, childrenNamed } from './xml-query.js';
import type { XmlElement } from './xml-tree.js';

/** Values of properties by full key `class.key.instance` (DSP0243 1.1 §9.5). */
export type Properties = ReadonlyMap<string, string>;

interface Property {
  readonly key: string;
  readonly value: string;
  readonly secret: boolean;
}

/** Properties a machine is shown with; appliances have some dozens. */
const MAX_PROPERTIES = 500;
const MAX_VALUE_LENGTH = 4096;

/** Default values of all properties of the package, for `${...}` references. */
export function propertyDefaults(envelope: XmlElement, configuration: string | null): Properties {
  const defaults = new Map<string, string>();
  for (const section of sectionsAnywhere(envelope, 'ProductSection')) {
    for (const { key, value } of propertiesIn(section, configuration)) {
      if (!defaults.has(key)) defaults.set(key, value);
    }
  }
  return defaults;
}

/** What a text says when it is a reference `${key}` to a property with a value, else the text itself. */
export function resolved(text: string | null, properties: Properties): string | null {
  const key = text === null ? undefined : /^\$\{(.+)\}$/.exec(text)?.[1];
  return key === undefined ? text : (properties.get(key)?.trim() ?? text);
}

/**
 * The properties a container adds to those around it, without passwords, at most 500 of at most 4096 characters.
 * Gives `outer` itself when there are none, so that a vApp's machines share what they have in common.
 */
export function shownProperties(
  container: XmlElement,
  outer: Properties,
  configuration: string | null,
): Properties {
  const own = sectionsOf(container, 'ProductSection')
    .flatMap((section) => propertiesIn(section, configuration))
    .filter(({ secret, value }) => !secret && value.length <= MAX_VALUE_LENGTH);
  if (own.length === 0) return outer;
  const all = new Map(outer);
  for (const { key, value } of own) {
    if (all.size < MAX_PROPERTIES || all.has(key)) all.set(key, value);
  }
  return all;
}

/** The properties of a ProductSection that have a value. */
function propertiesIn(section: XmlElement, configuration: string | null): readonly Property[] {
  return childrenNamed(section, 'Property').flatMap((property): Property[] => {
    const parts = [attribute(section, 'class'), attribute(property, 'key'), attribute(section, 'instance')];
    const key = parts.filter((part) => part !== null).join('.');
    const value = defaultValue(property, configuration);
    const secret = booleanOf(attribute(property, 'password')) || holdsSecret(key);
    return value === null ? [] : [{ key, value, secret }];
  });
}

function defaultValue(property: XmlElement, configuration: string | null): string | null {
  const values = childrenNamed(property, 'Value').filter((value) => appliesTo(value, configuration));
  const specific = values.find((value) => configurationsOf(value).length > 0) ?? values[0];
  const chosen = specific === undefined ? null : (attribute(specific, 'value') ?? specific.text);
  return chosen ?? attribute(property, 'value');
}
