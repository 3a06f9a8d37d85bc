/** An element with a prefixed name, and what stands in it: text, or elements one a line. */
export interface XmlElement {
  readonly name: string;
  readonly attributes: Readonly<Record<string, string>>;
  readonly content: string | readonly XmlElement[];
}

export function element(
  name: string,
  attributes: Readonly<Record<string, string>> = {},
  content: XmlElement['content'] = [],
): XmlElement {
  return { name, attributes, content };
}

/** A document in UTF-8, indented. */
export function encodeXml(root: XmlElement): string {
  return `<?xml version="1.0" encoding="UTF-8"?>\n${encodeElement(root, '')}`;
}

function encodeElement({ name, attributes, content }: XmlElement, indent: string): string {
  const parts = Object.entries(attributes).map(([key, value]) => ` ${key}="${escapeText(value)}"`);
  const start = `${indent}<${name}${parts.join('')}`;
  if (content.length === 0) return `${start}/>\n`;
  if (typeof content === 'string') return `${start}>${escapeText(content)}</${name}>\n`;
  const children = content.map((child) => encodeElement(child, `${indent}  `));
  return `${start}>\n${children.join('')}${indent}</${name}>\n`;
}

/** Characters that XML 1.0 cannot carry are dropped; white space that a reader would alter is written by number. */
function escapeText(text: string): string {
  return text
    .replace(/[^\t\n\r\u{20}-\u{D7FF}\u{E000}-\u{FFFD}\u{10000}-\u{10FFFF}]/gu, '')
    .replace(/&/g, '&amp;')
    .replace(/</g, '&lt;')
    .replace(/>/g, '&gt;')
    .replace(/"/g, '&quot;')
    .replace(/[\t\n\r]/g, (space) => `&#${space.charCodeAt(0)};`);
}
