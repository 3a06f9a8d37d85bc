/** Whether `text` as a whole matches a pattern in which `*` stands for anything; letter case does not count. */
export function globMatches(pattern: string, text: string): boolean {
  return new RegExp(`^${pattern.split('*').map(escaped).join('.*')}$`, 'is').test(text);
}

/** A profile's pattern made ready. */
export interface GuestPattern {
  readonly pattern: string;
  /** Literal characters, and one more when nothing may stand for anything. */
  readonly weight: number;
  readonly expression: RegExp;
}

/**
 * A glob in which numbers next to a `*` are whole parts of a version: `*centos 6*` fits `CentOS 6.10` but not
 * `CentOS 64`, and `*6.1*` neither `6.10` nor `5.6.1`.
 */
export function compilePattern(pattern: string): GuestPattern {
  const parts = pattern.split('*');
  const whole = parts.map((part, index) => {
    const before = index > 0 && /^\d/.test(part) ? '(?<!\\d|\\d\\.)' : '';
    const after = index < parts.length - 1 && /\d$/.test(part) ? '(?!\\d)' : '';
    return `${before}${escaped(part)}${after}`;
  });
  return {
    pattern,
    weight: pattern.replaceAll('*', '').length + (parts.length === 1 ? 1 : 0),
    expression: new RegExp(`^${whole.join('.*')}$`, 'is'),
  };
}

function escaped(text: string): string {
  return text.replace(/[.+?^${}()|[\]\\]/g, '\\$&');
}
