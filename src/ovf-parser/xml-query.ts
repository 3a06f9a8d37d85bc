import type { XmlElement } from './xml-tree.js';

/** The children with that local name, in document order. */
export function childrenNamed(element: XmlElement, name: string): readonly XmlElement[] {
  return element.children.filter((child) => child.name === name);
}

/** Text of the first child that has one of these names and is not empty; null without. */
export function childText(element: XmlElement, ...names: readonly string[]): string | null {
  const found = element.children.find((child) => names.includes(child.name) && child.text !== '');
  return found?.text ?? null;
}

/** A trimmed attribute; null when it is absent or empty. */
export function attribute(element: XmlElement, name: string): string | null {
  const value = element.attributes.get(name)?.trim();
  return value === undefined || value === '' ? null : value;
}

/** A non-negative decimal integer below 2^53; null for anything else. */
export function integerOf(text: string | null): number | null {
  if (text === null || !/^\d+$/.test(text)) return null;
  const value = Number(text);
  return Number.isSafeInteger(value) ? value : null;
}

/** `true` and `1` as XML Schema spells them, in any letter case. */
export function booleanOf(text: string | null): boolean {
  return text !== null && /^(true|1)$/i.test(text);
}
