/**
 * Tells whether a text as a whole fits a pattern in which `*` stands for anything; letter case does not count.
 * Each part is looked for once, from left to right: no pattern makes it slow.
 */
export function compileGlob(pattern: string): (text: string) => boolean {
  const [first = '', ...rest] = pattern.toLowerCase().split('*');
  const last = rest.pop();
  if (last === undefined) return (text) => text.toLowerCase() === first;
  return (text) => {
    const lower = text.toLowerCase();
    const end = lower.length - last.length;
    if (!lower.startsWith(first) || !lower.endsWith(last)) return false;
    let position = first.length;
    for (const part of rest) {
      const found = lower.indexOf(part, position);
      if (found === -1) return false;
      position = found + part.length;
    }
    return position <= end;
  };
}

/** `compileGlob` for a pattern that is used once. */
export function globMatches(pattern: string, text: string): boolean {
  return compileGlob(pattern)(text);
}

/** A profile's pattern made ready. */
export interface GuestPattern {
  readonly pattern: string;
  /** Literal characters, and one more when nothing may stand for anything. */
  readonly weight: number;
  /** Whether it fits a name in small letters. */
  readonly fits: (name: string) => boolean;
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
  const expression = new RegExp(`^${whole.join('.*')}$`, 'is');
  const literals = parts.map((part) => part.toLowerCase());
  return {
    pattern,
    weight: pattern.replaceAll('*', '').length + (parts.length === 1 ? 1 : 0),
    // The engine compiles an expression when it is first used, and few of hundreds need be.
    fits: (name) => literals.every((literal) => name.includes(literal)) && expression.test(name),
  };
}

function escaped(text: string): string {
  return text.replace(/[.+?^${}()|[\]\\]/g, '\\$&');
}
