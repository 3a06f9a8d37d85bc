import type { ASTNode } from '@marcbachmann/cel-js';
import { ExpressionFault } from './expressions.js';

/** What may be asked of a value: the fields of a record, the entries of a list; `unknown` may be asked anything. */
type Shape =
  | { readonly kind: 'record'; readonly fields: ReadonlyMap<string, Shape> }
  | { readonly kind: 'list'; readonly entry: Shape }
  | { readonly kind: 'plain' }
  | { readonly kind: 'unknown' };

/** The variables of a rule by name. */
export type Shapes = ReadonlyMap<string, Shape>;

/** Records whose keys the source's or a profile's author chooses. */
const FREE_KEYS = new Set(['attributes', 'platform', 'properties', 'settings']);

const UNKNOWN: Shape = { kind: 'unknown' };
const PLAIN: Shape = { kind: 'plain' };

/** Macros whose first argument is a variable for the entries of what stands before the dot. */
const LOOPS = new Set(['all', 'exists', 'exists_one', 'filter', 'map']);

/** The shape of values like `sample`, in which no field is null and no list empty. */
export function shapesOf(sample: Readonly<Record<string, unknown>>): Shapes {
  return new Map(Object.entries(sample).map(([name, value]) => [name, shapeOf(value)]));
}

function shapeOf(value: unknown): Shape {
  if (Array.isArray(value)) return { kind: 'list', entry: shapeOf(value[0]) };
  if (typeof value !== 'object' || value === null) return PLAIN;
  const fields = Object.entries(value).map(
    ([name, field]) => [name, FREE_KEYS.has(name) ? UNKNOWN : shapeOf(field)] as const,
  );
  return { kind: 'record', fields: new Map(fields) };
}

/** The shape of a list's entries. */
export function entryOf(shape: Shape): Shape {
  return shape.kind === 'list' ? shape.entry : UNKNOWN;
}

/**
 * The shape of what an expression gives, as far as that can be told. Throws an ExpressionFault for a variable or a
 * field that no value of these shapes has.
 */
export function shapeAt(node: ASTNode, shapes: Shapes): Shape {
  switch (node.op) {
    case 'value':
      return PLAIN;
    case 'id':
      return variable(node.args, node.start, shapes);
    case '.':
    case '.?':
      return field(shapeAt(node.args[0], shapes), node.args[1], node.end - node.args[1].length);
    case '[]':
    case '[?]':
      return entry(node.args[0], node.args[1], shapes);
    case 'call':
      for (const argument of node.args[1]) shapeAt(argument, shapes);
      return UNKNOWN;
    case 'rcall':
      return methodCall(node.args, shapes);
    case '?:': {
      const [condition, yes, no] = node.args;
      shapeAt(condition, shapes);
      const shape = shapeAt(yes, shapes);
      shapeAt(no, shapes);
      return shape;
    }
    case 'list':
      for (const part of node.args) shapeAt(part, shapes);
      return UNKNOWN;
    case 'map':
      for (const part of node.args.flat()) shapeAt(part, shapes);
      return UNKNOWN;
    case '!_':
    case '-_':
      shapeAt(node.args, shapes);
      return PLAIN;
    default:
      for (const side of node.args) shapeAt(side, shapes);
      return UNKNOWN;
  }
}

function variable(name: string, offset: number, shapes: Shapes): Shape {
  const shape = shapes.get(name);
  if (shape === undefined) {
    throw new ExpressionFault(`no "${name}" here; there is ${[...shapes.keys()].join(', ')}`, offset);
  }
  return shape;
}

function field(shape: Shape, name: string, offset: number): Shape {
  if (shape.kind === 'unknown') return UNKNOWN;
  if (shape.kind !== 'record') throw new ExpressionFault(`no field "${name}" there: it is no record`, offset);
  const found = shape.fields.get(name);
  if (found !== undefined) return found;
  throw new ExpressionFault(
    `no field "${name}" there; there is ${[...shape.fields.keys()].join(', ')}`,
    offset,
  );
}

function entry(list: ASTNode, key: ASTNode, shapes: Shapes): Shape {
  const shape = shapeAt(list, shapes);
  shapeAt(key, shapes);
  if (shape.kind === 'list') return shape.entry;
  if (shape.kind === 'record' && typeof key.args === 'string') return field(shape, key.args, key.start);
  return UNKNOWN;
}

function methodCall(
  [name, receiver, parameters]: readonly [string, ASTNode, readonly ASTNode[]],
  shapes: Shapes,
): Shape {
  if (name === 'bind' && receiver.op === 'id' && receiver.args === 'cel') return binding(parameters, shapes);
  const shape = shapeAt(receiver, shapes);
  const [first, ...bodies] = parameters;
  if (!LOOPS.has(name) || first?.op !== 'id') {
    for (const parameter of parameters) shapeAt(parameter, shapes);
    return UNKNOWN;
  }
  const inner = new Map(shapes).set(first.args, entryOf(shape));
  const results = bodies.map((body) => shapeAt(body, inner));
  if (name === 'filter') return shape;
  return name === 'map' ? { kind: 'list', entry: results.at(-1) ?? UNKNOWN } : PLAIN;
}

function binding([name, value, body]: readonly ASTNode[], shapes: Shapes): Shape {
  if (name?.op !== 'id' || value === undefined || body === undefined) return UNKNOWN;
  return shapeAt(body, new Map(shapes).set(name.args, shapeAt(value, shapes)));
}
