import { attribute } from './xml-query.js';
import type { XmlElement } from './xml-tree.js';

/**
 * What an element is, whatever OVF version wrote it: OVF 0.9 has `<Section xsi:type="ovf:DiskSection_Type">` and
 * `<Content xsi:type="ovf:VirtualSystem_Type">` where OVF 1 and 2 name the element.
 */
function kindOf(element: XmlElement): string {
  if (element.name !== 'Section' && element.name !== 'Content') return element.name;
  const type = attribute(element, 'type') ?? element.name;
  return type.replace(/^.*:/, '').replace(/_Type$/, '');
}

/** The children of that kind, in document order. */
export function sectionsOf(element: XmlElement, kind: string): readonly XmlElement[] {
  return element.children.filter((child) => kindOf(child) === kind);
}

export function isCollection(element: XmlElement): boolean {
  return kindOf(element) === 'VirtualSystemCollection';
}

export function isSystem(element: XmlElement): boolean {
  return kindOf(element) === 'VirtualSystem';
}

/** The sections of that kind in the envelope, its collections and its machines, outermost first. */
export function sectionsAnywhere(container: XmlElement, kind: string): readonly XmlElement[] {
  const inner = container.children.filter((child) => isCollection(child) || isSystem(child));
  return [...sectionsOf(container, kind), ...inner.flatMap((child) => sectionsAnywhere(child, kind))];
}
