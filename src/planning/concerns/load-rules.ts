import { readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import {
  Composer,
  type CST,
  type Document,
  isMap,
  isPair,
  isScalar,
  isSeq,
  Lexer,
  LineCounter,
  type Node,
  Parser,
} from 'yaml';
import type { z } from 'zod';
import { systemErrorCode, XenferryError } from '../../model/errors.js';
import { type CompiledRule, compileRule, RuleFault } from './compile-rule.js';
import { RULE_ENTRY_SCHEMA, RULE_SCHEMA, type Rule, type RuleEntry } from './rule-schema.js';

/** The folder that ships with the program, as the bundle and the sources see it. */
const SHIPPED_RULES = fileURLToPath(
  new URL(
    import.meta.url.endsWith('.js') ? '../profiles/concerns/' : '../../../profiles/concerns/',
    import.meta.url,
  ),
);

const MAX_FILE_BYTES = 256 * 1024;
const MAX_RULES = 1000;
/** A list of mappings takes three. */
const MAX_DEPTH = 50;

/** An entry of a file and where it stands. */
interface PlacedEntry {
  readonly entry: RuleEntry;
  readonly file: string;
  readonly node: Node;
  readonly lines: LineCounter;
}

/**
 * The shipped rules in the order of their files, then the operator's own. A rule of the operator's with a shipped
 * rule's id takes its place and keeps what it does not say anew. Rejects with CONFIG_INVALID and file, line, column
 * and rule for what is no rule, asks for facts that there are not, or is given twice.
 */
export async function loadRules(
  files: readonly string[] = [],
  shipped = SHIPPED_RULES,
): Promise<CompiledRule[]> {
  const names = (await readdir(shipped)).filter((name) => name.endsWith('.yaml')).sort();
  const ours = await readFiles(names.map((name) => join(shipped, name)));
  const theirs = await readFiles(files);
  const rules = new Map<string, CompiledRule>();
  for (const placed of ours.values()) rules.set(placed.entry.id, compiled(placed, undefined));
  for (const placed of theirs.values()) {
    const { id, disabled } = placed.entry;
    const base = rules.get(id)?.rule;
    if (disabled !== true) rules.set(id, compiled(placed, base, false));
    else if (!rules.delete(id)) throw fault(placed, 'id', 0, `there is no rule ${id} to switch off`);
  }
  return [...rules.values()];
}

/** Entries by id, those of one file in their order. Rejects when an id comes twice. */
async function readFiles(files: readonly string[]): Promise<Map<string, PlacedEntry>> {
  const entries = new Map<string, PlacedEntry>();
  for (const file of files) {
    for (const placed of await readEntries(file)) {
      const { id } = placed.entry;
      const first = entries.get(id);
      if (first !== undefined) throw fault(placed, 'id', 0, `${id} is there already, in ${first.file}`);
      entries.set(id, placed);
    }
  }
  return entries;
}

async function readEntries(file: string): Promise<PlacedEntry[]> {
  const lines = new LineCounter();
  const document = composed(await readText(file), file, lines);
  const broken = document.errors[0] ?? document.warnings[0];
  if (broken !== undefined) throw invalid(file, lines, broken.pos[0], broken.message.split('\n', 1)[0] ?? '');
  const list = document.contents;
  if (list === null) return [];
  if (!isSeq<Node>(list)) throw invalid(file, lines, 0, 'must be a list of rules');
  if (list.items.length > MAX_RULES) throw invalid(file, lines, 0, `has more than ${MAX_RULES} rules`);
  return list.items.map((node) => {
    if (!isMap(node)) throw invalid(file, lines, offsetOf(node), 'a rule is a mapping');
    const twice = repeatedKey(node.items);
    if (twice !== null) throw invalid(file, lines, offsetOf(node), `"${twice}" is given twice`);
    const result = RULE_ENTRY_SCHEMA.safeParse(node.toJS(document, { maxAliasCount: 100 }));
    if (!result.success) throw misshapen(result.error, { file, node, lines }, idOf(node));
    return { entry: result.data, file, node, lines };
  });
}

async function readText(file: string): Promise<string> {
  try {
    if ((await stat(file)).size > MAX_FILE_BYTES) {
      throw new XenferryError('CONFIG_INVALID', `more than ${MAX_FILE_BYTES} bytes of rules`, { file });
    }
    return await readFile(file, 'utf8');
  } catch (cause) {
    if (cause instanceof XenferryError) throw cause;
    const reason = `the rules cannot be read (${systemErrorCode(cause) ?? String(cause)})`;
    throw new XenferryError('CONFIG_INVALID', reason, { file, cause });
  }
}

/** The parser needs no stack of its own, so depth is judged before anything recurses. */
function composed(text: string, file: string, lines: LineCounter): Document {
  lines.addNewLine(0);
  const parser = new Parser(lines.addNewLine);
  const tokens: CST.Token[] = [];
  for (const lexeme of new Lexer().lex(text)) {
    tokens.push(...parser.next(lexeme));
    if (parser.stack.length > MAX_DEPTH) throw invalid(file, lines, parser.offset, 'nested too deeply');
  }
  tokens.push(...parser.end());
  // The library looks for repeated keys in quadratic time.
  const composer = new Composer({ uniqueKeys: false, stringKeys: true, version: '1.2' });
  const [document, another] = composer.compose(tokens, true, text.length);
  if (document === undefined || another !== undefined) {
    throw invalid(file, lines, another?.range[0] ?? 0, 'not one YAML document');
  }
  return document;
}

function repeatedKey(pairs: readonly { readonly key: unknown }[]): string | null {
  const keys = pairs.map(({ key }) => String(key));
  const seen = new Set<string>();
  for (const key of keys) {
    if (seen.has(key)) return key;
    seen.add(key);
  }
  return null;
}

function compiled(placed: PlacedEntry, base: Rule | undefined, shipped = true): CompiledRule {
  const { disabled: _, ...own } = placed.entry;
  const result = RULE_SCHEMA.safeParse({ ...base, ...own });
  if (!result.success) throw misshapen(result.error, placed, own.id);
  try {
    return compileRule(result.data, shipped);
  } catch (error) {
    if (error instanceof RuleFault) throw fault(placed, error.field, error.offset, error.message);
    throw error;
  }
}

type Place = Pick<PlacedEntry, 'file' | 'node' | 'lines'>;

function misshapen(error: z.ZodError, { file, node, lines }: Place, id: string): XenferryError {
  const issue = error.issues[0];
  const key = issue?.code === 'unrecognized_keys' ? issue.keys[0] : issue?.path[0];
  const field = typeof key === 'string' ? key : '';
  const reason = issue?.code === 'invalid_type' && issue.input === undefined ? 'is missing' : issue?.message;
  const at = keyOffset(node, field) ?? offsetOf(node);
  return invalid(
    file,
    lines,
    at,
    `rule ${id}: ${field === '' ? '' : `"${field}" `}${reason ?? 'is invalid'}`,
  );
}

function fault({ entry, file, node, lines }: PlacedEntry, field: string, offset: number, message: string) {
  const at = valueOffset(node, field, offset) ?? offsetOf(node);
  return invalid(file, lines, at, `rule ${entry.id}: "${field}": ${message}`);
}

function invalid(file: string, lines: LineCounter, offset: number, message: string): XenferryError {
  const { line, col } = lines.linePos(offset);
  return new XenferryError('CONFIG_INVALID', `column ${col}: ${message}`, {
    file,
    line,
    hint: 'Correct the rule; docs/concerns.md says what rules may ask.',
  });
}

function offsetOf(node: unknown): number {
  if (typeof node !== 'object' || node === null || !('range' in node)) return 0;
  return Array.isArray(node.range) && typeof node.range[0] === 'number' ? node.range[0] : 0;
}

function keyOffset(node: Node, key: string): number | null {
  const pair = pairOf(node, key);
  return pair === undefined ? null : offsetOf(pair.key);
}

/** Where in the file a character of a value stands; where the value begins when it is folded or has escapes. */
function valueOffset(node: Node, key: string, offset: number): number | null {
  const value = pairOf(node, key)?.value;
  if (!isScalar(value)) return null;
  const start = offsetOf(value);
  const { source, type } = value;
  const length = (value.range?.[1] ?? start) - start;
  if (type === 'PLAIN') return length === source?.length ? start + offset : start;
  return length === (source?.length ?? 0) + 2 ? start + 1 + offset : start;
}

function pairOf(node: Node, key: string): { readonly key: unknown; readonly value: unknown } | undefined {
  if (!isMap(node)) return undefined;
  return node.items.find((pair) => isPair(pair) && isScalar(pair.key) && pair.key.value === key);
}

function idOf(node: Node): string {
  const id = pairOf(node, 'id')?.value;
  return isScalar(id) && typeof id.value === 'string' ? id.value.slice(0, 60) : 'without an id';
}
