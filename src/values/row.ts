import { define } from './own-property.ts';
import type { UntoldValue } from './untold.ts';

/**
 * One row of a result: a dictionary of its named columns and a tuple of its values at once.
 *
 * `row.name`, `row[0]`, `const [id, name] = row`, `row.length`; for everything that looks at
 * an object's own properties (`Object.keys`, spread, JSON, deep equality) it is a plain object.
 * With duplicate column names the last one is read by name and all are there by position.
 */
// biome-ignore lint/suspicious/noExplicitAny: an untyped query has untyped rows, as in asyncpg
export type Row<T = any> = T & PositionsOf<T>;

/** A row with a column named `length` has that column's value there. */
type PositionsOf<T> = 0 extends 1 & T
  ? RowTuple
  : 'length' extends keyof T
    ? RowPositions
    : RowTuple;

/** The values of a Row by position. */
export interface RowPositions {
  /** The values, in the order of the columns. */
  [Symbol.iterator](): Iterator<unknown>;
  /** The value of a column by its position, from 0. */
  readonly [index: number]: UntoldValue;
}

/** The positional side of a Row. A class to the compiler, so that `{ ...row }` does not have its members. */
export declare abstract class RowTuple implements RowPositions {
  /** How many columns there are. */
  get length(): number;
  /** The values, in the order of the columns. */
  [Symbol.iterator](): Iterator<unknown>;
  /** The value of a column by its position, from 0. */
  readonly [index: number]: UntoldValue;
}

const INSPECT = Symbol.for('nodejs.util.inspect.custom');
const SHADOWED = Symbol('values by position');
const SHAPE = Symbol('shape');

/** What a row's prototype knows of it. */
interface RowObject {
  [SHAPE]: RowShape;
  [SHADOWED]?: readonly unknown[];
  [name: string]: unknown;
}

/** The root of every row's prototype chain. Rows of any two shapes share its constructor. */
class Row_ {
  [Symbol.iterator](): IterableIterator<unknown> {
    const shape = (this as unknown as RowObject)[SHAPE];
    if (!shape.wasIterated) {
      shape.wasIterated = true;
      warnIfSerialized(new Error().stack);
    }
    return rowValues(this as unknown as Row)[Symbol.iterator]();
  }
  [INSPECT](): object {
    return { ...this };
  }
}
Object.defineProperty(Row_, 'name', { value: 'Row' });

/** What turns an iterable into an array on its way to a browser: React's Flight and turbo-stream. */
const SERIALIZERS =
  /react-server-dom|renderModelDestructive|turbo-stream|react-router|@remix-run|next[/\\]dist/;
let hasWarned = false;

/** Looked at once for each shape of rows: a row that is spread costs nothing more. */
function warnIfSerialized(stack: string | undefined): void {
  if (hasWarned || !SERIALIZERS.test(stack ?? '')) return;
  hasWarned = true;
  const warning: Error & { detail?: string } = new Error(
    "a row is being serialised as an array, since it can be iterated: read it with rows: 'object'",
  );
  warning.name = 'AsyncpgSerializedRowWarning';
  warning.detail = `Give createPool, connect or with the option rows: 'object', or spread the row: { ...row }.\n${stack}`;
  globalThis.process?.emitWarning?.(warning);
}

/** Whether `value` is a row that this library made. */
export function isRow(value: unknown): value is Row {
  return value instanceof Row_;
}

/** The column names of a row, in the order of the result, duplicates included. */
export function rowNames(row: Row): readonly string[] {
  return (row as unknown as RowObject)[SHAPE].names;
}

/** The values of a row, in the order of the result. */
export function rowValues(row: Row): unknown[] {
  const object = row as unknown as RowObject;
  const shape = object[SHAPE];
  const values = shape.names.map((name) => object[name]);
  const byPosition = object[SHADOWED];
  if (byPosition !== undefined) {
    for (const index of shape.shadowed) values[index] = byPosition[index];
  }
  return values;
}

/** The value at a position of the result, even if a column is named like that position. */
export function rowValue(row: Row, index: number): unknown {
  const object = row as unknown as RowObject;
  const { names, shadowed } = object[SHAPE];
  if (shadowed.length > 0 && shadowed.includes(index)) return object[SHADOWED]![index];
  return object[names[index]!];
}

/** Names that every object inherits: to assign to one may be refused, or change the prototype. */
function isInherited(name: string): boolean {
  return name in Object.prototype;
}

/** Array indices hide positions, and these names would reach what every object inherits. */
function needsDefine(name: string): boolean {
  return name in Row_.prototype || name === 'length' || /^(?:0|[1-9]\d*)$/.test(name);
}

export type RowConstructor = new (...values: unknown[]) => Row;

/**
 * The layout of a statement's rows: one hidden class for all of them. Names come from the
 * server and are only ever used as property keys, never as code.
 */
export class RowShape {
  /** False for one whose names are very long: neither it nor code with these names is kept. */
  readonly isShared: boolean;
  readonly names: readonly string[];
  /** Positions whose name appears again later: reached by position only. */
  readonly shadowed: readonly number[];
  /** An object with the shape's prototype and no columns yet. */
  readonly prototype: object;
  /** Whether one of its rows was iterated. */
  wasIterated = false;
  #compiled: RowConstructor | null = null;
  #compiledPlain: RowConstructor | null = null;

  constructor(names: readonly string[], isShared: boolean) {
    this.isShared = isShared;
    this.names = Object.freeze([...names]);
    const last = new Map(names.map((name, index) => [name, index]));
    this.shadowed = names.flatMap((name, index) => (last.get(name) === index ? [] : [index]));
    this.prototype = makePrototype(this);
  }

  /** Makes a row without generated code. */
  make(values: readonly unknown[]): Row {
    const row = Object.create(this.prototype) as RowObject;
    const { names } = this;
    for (let i = 0; i < names.length; i++) define(row, names[i]!, values[i]);
    if (this.shadowed.length > 0) hide(row, values);
    return row as unknown as Row;
  }

  /** A constructor that takes the values in order; compiled on first use. */
  get constructorOf(): RowConstructor {
    this.#compiled ??= compileConstructor(this, this.prototype, needsDefine);
    return this.#compiled;
  }

  /** Makes a plain object of the named columns, of two with one name the last. */
  makePlain(values: readonly unknown[]): object {
    const row = {};
    const { names } = this;
    for (let i = 0; i < names.length; i++) define(row, names[i]!, values[i]);
    return row;
  }

  /** The same as a constructor; its objects have `Object.prototype` and no other trace of it. */
  get plainConstructor(): RowConstructor {
    this.#compiledPlain ??= compileConstructor(this, Object.prototype, isInherited);
    return this.#compiledPlain;
  }
}

function makePrototype(shape: RowShape): object {
  const prototype = Object.create(Row_.prototype) as object;
  Object.defineProperty(prototype, SHAPE, { value: shape });
  Object.defineProperty(prototype, 'length', {
    value: shape.names.length,
    writable: true,
    configurable: true,
  });
  const shadowed = new Set(shape.shadowed);
  shape.names.forEach((name, index) => {
    const get = shadowed.has(index)
      ? function (this: RowObject) {
          return this[SHADOWED]?.[index];
        }
      : function (this: RowObject) {
          return this[name];
        };
    Object.defineProperty(prototype, index, { get, configurable: true });
  });
  return prototype;
}

function hide(row: object, values: readonly unknown[]): void {
  Object.defineProperty(row, SHADOWED, { value: values, configurable: true });
}

/**
 * A constructor whose assignments are written out gives all rows one hidden class, ten times
 * as fast to make as an object filled in a loop. Every name passes through JSON.stringify.
 */
function compileConstructor(
  shape: RowShape,
  prototype: object,
  needsDefine: (name: string) => boolean,
): RowConstructor {
  const { names } = shape;
  const parameters = names.map((_, index) => `v${index}`);
  const last = new Map(names.map((name, index) => [name, index]));
  const body = [...last].map(([name, index]) =>
    needsDefine(name)
      ? `define(this, ${JSON.stringify(name)}, v${index});`
      : `this[${JSON.stringify(name)}] = v${index};`,
  );
  if (shape.shadowed.length > 0 && prototype === shape.prototype)
    body.push(`hide(this, [${parameters.join(', ')}]);`);
  const make = new Function(
    'define',
    'hide',
    `'use strict';\nreturn function Row(${parameters.join(', ')}) {\n${body.join('\n')}\n};`,
  ) as (d: typeof define, h: typeof hide) => { prototype: object };
  const compiled = make(define, hide);
  compiled.prototype = prototype;
  return compiled as unknown as RowConstructor;
}

/** Shapes are shared by everything with the same column names, up to this many. */
const MAX_SHAPES = 1000;
/** Shapes whose names have more characters than this in all are not shared, to save memory. */
const MAX_SHARED_NAMES = 16 * 1024;
const shapes = new Map<string, RowShape>();

/** The shape of rows with these column names. */
export function rowShape(names: readonly string[]): RowShape {
  const key = JSON.stringify(names);
  if (key.length > MAX_SHARED_NAMES) return new RowShape(names, false);
  let shape = shapes.get(key);
  if (shape === undefined) {
    if (shapes.size >= MAX_SHAPES) shapes.delete(shapes.keys().next().value as string);
    shape = new RowShape(names, true);
    shapes.set(key, shape);
  }
  return shape;
}
