import { harmless } from '../model/harmless.js';
import { KIB } from '../model/units.js';

/** The last of what a program says is kept, up to so many bytes. */
const MOST_KEPT = 16 * KIB;
/** Of one line, in characters. */
const LONGEST_LINE = 400;

/** What nbdkit has said of errors, without what must be shown to nobody. */
export class Said {
  readonly #secrets: readonly string[];
  #text = '';

  constructor(secrets: readonly string[]) {
    this.#secrets = secrets.filter((secret) => secret !== '');
  }

  add(piece: string): void {
    this.#text = (this.#text + piece).slice(-MOST_KEPT);
  }

  /** The lines about errors, the last one last, each once. */
  get errors(): readonly string[] {
    const lines = this.#shown().split('\n');
    const errors = lines.flatMap((line) => /^nbdkit: .*?error: (.+)$/.exec(line)?.[1] ?? []);
    return [...new Set(errors.map((line) => harmless(line).slice(0, LONGEST_LINE)))];
  }

  /** Before anything is cut off: a part of a secret is one as well. */
  #shown(): string {
    let text = this.#text;
    for (const secret of this.#secrets) text = text.replaceAll(secret, '***');
    return text.replace(/(vmware_soap_session[^=\n]*=\s*)[^\s;,]+/gi, '$1***');
  }
}
