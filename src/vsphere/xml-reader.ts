import { SaxesParser, type SaxesTagPlain } from 'saxes';
import { XenferryError } from '../model/errors.js';
import { MIB } from '../model/units.js';
import { OwnTexts } from './own-texts.js';
import type { VimValue } from './vim-value.js';

/** A tree of snapshots is as deep as there may be of them, and it is the deepest there is. */
const MAX_DEPTH = 256;
/** A hundred machines with all of their settings have some 200,000. */
const MAX_ELEMENTS = 4_000_000;
/** Bytes of one reply. */
const MAX_BYTES = 256 * MIB;
/** Of those of an element; the longest are the declarations of an envelope. */
const MAX_ATTRIBUTES = 32;

const NAME = /^[A-Za-z][\w.-]*$/;
const SAXES_POSITION = /^(?:\d+:\d+: )?/;

interface Frame {
  readonly name: string;
  /** The class that `xsi:type` gives; empty without. */
  readonly type: string;
  /** The class of a managed object; empty for what is no reference. */
  readonly refType: string;
  text: string;
  children: Record<string, VimValue | VimValue[]> | null;
}

/** Reads a reply while it comes. Everything throws VSPHERE_PROTOCOL for what is not XML, or has no reply's size. */
export class XmlReader {
  readonly #parser = new SaxesParser();
  readonly #decoder = new TextDecoder('utf-8', { fatal: true });
  readonly #server: string;
  readonly #stack: Frame[] = [];
  readonly #texts = new OwnTexts();
  #root: { readonly name: string; readonly value: VimValue } | null = null;
  #bytes = 0;
  #elements = 0;

  /** `server` is for errors. */
  constructor(server: string) {
    this.#server = server;
    const parser = this.#parser;
    parser.on('doctype', () => this.#refuse('it has a DOCTYPE, which may define entities'));
    parser.on('error', ({ message }) => this.#refuse(message.replace(SAXES_POSITION, '')));
    parser.on('opentag', (tag) => this.#open(tag));
    parser.on('text', (text) => this.#addText(text));
    parser.on('cdata', (text) => this.#addText(text));
    parser.on('closetag', () => this.#close());
  }

  write(bytes: Uint8Array): void {
    this.#bytes += bytes.length;
    if (this.#bytes > MAX_BYTES) this.#refuse(`it is longer than ${MAX_BYTES} bytes`);
    this.#parser.write(this.#decode(bytes, true));
  }

  /** The outermost element, by its name without a prefix. */
  end(): { readonly name: string; readonly value: VimValue } {
    this.#parser.write(this.#decode(new Uint8Array(), false)).close();
    return this.#root ?? this.#refuse('it is empty');
  }

  #decode(bytes: Uint8Array, stream: boolean): string {
    try {
      return this.#decoder.decode(bytes, { stream });
    } catch {
      return this.#refuse('it is not UTF-8');
    }
  }

  #open({ name, attributes }: SaxesTagPlain): void {
    this.#elements += 1;
    if (this.#elements > MAX_ELEMENTS) this.#refuse(`it has more than ${MAX_ELEMENTS} elements`);
    if (this.#stack.length >= MAX_DEPTH) this.#refuse(`it is more than ${MAX_DEPTH} elements deep`);
    const local = withoutPrefix(name);
    if (!NAME.test(local)) this.#refuse('it has an element of a name that vSphere has none of');
    let type = '';
    let refType = '';
    let count = 0;
    for (const key in attributes) {
      count += 1;
      if (key === 'type') refType = attributes[key] ?? '';
      else if (key.endsWith(':type')) type = withoutPrefix(attributes[key] ?? '');
    }
    if (count > MAX_ATTRIBUTES) this.#refuse(`an element has more than ${MAX_ATTRIBUTES} attributes`);
    this.#stack.push({
      name: local,
      type: this.#texts.own(type),
      refType: this.#texts.own(refType),
      text: '',
      children: null,
    });
  }

  #addText(text: string): void {
    const frame = this.#stack.at(-1);
    // Between elements there is nothing but white space.
    if (frame !== undefined && frame.children === null) frame.text += text;
  }

  #close(): void {
    const frame = this.#stack.pop();
    if (frame === undefined) return;
    if (frame.children === null) frame.text = this.#texts.own(frame.text);
    const value = valueInside(frame);
    const parent = this.#stack.at(-1);
    if (parent === undefined) {
      this.#root = { name: frame.name, value };
      return;
    }
    parent.children ??= {};
    const known = Object.hasOwn(parent.children, frame.name) ? parent.children[frame.name] : undefined;
    if (known === undefined) parent.children[frame.name] = value;
    else if (Array.isArray(known)) known.push(value);
    else parent.children[frame.name] = [known, value];
  }

  #refuse(what: string): never {
    throw new XenferryError('VSPHERE_PROTOCOL', `the answer is none of vSphere's: ${what}`, {
      file: this.#server,
      line: this.#parser.line,
    });
  }
}

function valueInside({ type, refType, text, children }: Frame): VimValue {
  if (children !== null) return type === '' ? children : { _type: type, ...children };
  if (refType !== '') return { type: refType, value: text };
  // Types of XML Schema begin with a small letter, vim25's with a capital one; its enumerations are text.
  return text === '' && /^[A-Z]/.test(type) ? { _type: type } : text;
}

function withoutPrefix(name: string): string {
  return name.slice(name.indexOf(':') + 1);
}
