import { type Conditions, heldIn } from './conditions.ts';
import type { Located } from './modules.ts';
import type { Node } from './nodes.ts';
import type { Place } from './query-text.ts';

/** What a template is made of. */
export type Part = {
  readonly place: Place;
} & (
  | {
      readonly is: 'text';
      readonly text: string;
      /** Whether the text stands there as it is, and is not made of an expression. */
      readonly isWritten: boolean;
      /** It is all of an expression that is this number. */
      readonly number?: number;
      /** A keyword that is put in front where the text does not have it already. */
      readonly keyword?: string;
    }
  /** A value, which becomes a parameter; of the outermost template: which one it is. */
  | { readonly is: 'value'; readonly hole?: number }
  /** The name of a column, as the program has it. */
  | { readonly is: 'column'; readonly name: string }
  /** As many values as the list of columns in front of it has: `INSERT INTO t (a, b)`. */
  | { readonly is: 'values-of-columns'; readonly shown: string }
  /** The beginning and the end of a table that has a name, unless the text behind gives it another. */
  | { readonly is: 'table' | 'table-end' }
);

/** One of the texts that a template can have, and of what that depends. */
export interface Alternative {
  readonly parts: readonly Part[];
  readonly when: Conditions;
  /** A condition would have to be true and not true: only the compiler, which does not see that, has this text. */
  readonly cannotBe?: boolean;
}

/** Why a text is not known before the program runs. */
export class NotKnown {
  readonly reason: string;
  readonly place: Place;
  /** The text ahead of what is not known. */
  readonly before: string;

  constructor(reason: string, place: Place, before = '') {
    this.reason = reason;
    this.place = place;
    this.before = before;
  }
}

/** How many variants of a template are checked: six conditions. */
const MOST_VARIANTS = 64;
/** How many there may be with those that cannot be. */
const MOST_TEXTS = 4 * MOST_VARIANTS;
const NOTHING: Alternative = { parts: [], when: new Map() };

/** Where a node begins. */
export function placeOf({ node, module }: Located, offset = node.start): Place {
  return { file: module.file, source: module.source, offset };
}

/** What is always the same. */
export function always(...parts: readonly Part[]): readonly Alternative[] {
  return [{ parts, when: new Map() }];
}

/** Text that is made of an expression. */
export function made(text: string, place: Place, keyword?: string): Part {
  return { is: 'text', text, place, isWritten: false, ...(keyword !== undefined && { keyword }) };
}

/**
 * Every one of the first with every one of the second. Those that decide a condition both ways cannot be, and are
 * left out where they are many.
 */
export function joined(
  first: readonly Alternative[],
  second: readonly Alternative[],
): readonly Alternative[] {
  const areFew = first.length * second.length <= MOST_TEXTS;
  const heldInSecond = second.map(({ when }) => [...heldIn(when)]);
  return first.flatMap((one) => {
    const held = heldIn(one.when);
    return second.flatMap((other, index) => {
      const fits =
        [...other.when].every(([each, is]) => (one.when.get(each) ?? is) === is) &&
        heldInSecond[index]!.every(([stem, each]) => (held.get(stem) ?? each) === each);
      const cannotBe = !fits || one.cannotBe === true || other.cannotBe === true;
      if (cannotBe && !areFew) return [];
      const parts = [...one.parts, ...other.parts];
      return { parts, when: new Map([...one.when, ...other.when]), cannotBe };
    });
  });
}

/** Those that can be. */
export function possibleOf(all: readonly Alternative[]): readonly Alternative[] {
  return all.filter(({ cannotBe }) => cannotBe !== true);
}

/** One after the other. Too many variants are not known. */
export function inOrder(
  items: Iterable<readonly Alternative[] | NotKnown>,
  whole: Located,
): readonly Alternative[] | NotKnown {
  let result: readonly Alternative[] = [NOTHING];
  for (const item of items) {
    if (item instanceof NotKnown) {
      return new NotKnown(item.reason, item.place, textOf(result[0]) + item.before);
    }
    const before = textOf(result[0]);
    result = joined(result, item);
    if (possibleOf(result).length > MOST_VARIANTS) {
      return new NotKnown(`there are more than ${MOST_VARIANTS} variants`, placeOf(whole), before);
    }
  }
  return result;
}

/** One where a condition is true, the other where it is not: that of `a ? b : c`, and of `a ?? b`. */
export function decided(
  { node, module }: Located,
  whenTrue: readonly Alternative[] | NotKnown,
  otherwise: readonly Alternative[] | NotKnown,
): readonly Alternative[] | NotKnown {
  const test = (node['test'] ?? node['left']) as Node;
  const { text, negated } = module.bindings.conditionOf(test);
  if (whenTrue instanceof NotKnown) return whenTrue;
  if (otherwise instanceof NotKnown) return otherwise;
  return [whenTrue, otherwise].flatMap((each, index) =>
    joined([{ parts: [], when: new Map([[text, (index === 0) !== negated]]) }], each),
  );
}

/** By which of several conditions is the one that holds: `key === 'a'`, `key === 'b'`. */
export function chosen(
  choices: readonly (readonly [condition: string, texts: readonly Alternative[]])[],
): readonly Alternative[] {
  // Of more than are checked in one text none needs to be told from another.
  const others = choices.length > MOST_VARIANTS ? [] : choices.map(([condition]) => condition);
  return choices.flatMap(([condition, texts]) => {
    const when = new Map([...others, condition].map((each) => [each, each === condition]));
    return joined([{ parts: [], when }], texts);
  });
}

/** What is made of two expressions by `+`: a number where both are one, and else one text behind the other. */
export function added(
  left: readonly Alternative[] | NotKnown,
  right: readonly Alternative[] | NotKnown,
  whole: Located,
): readonly Alternative[] | NotKnown {
  const all = inOrder([left, right], whole);
  if (all instanceof NotKnown) return all;
  return all.map((each) => {
    const numbers = each.parts.flatMap((part) => (part.is === 'text' ? (part.number ?? []) : []));
    const [one, other] = numbers;
    if (each.parts.length !== 2 || one === undefined || other === undefined) return each;
    return { ...each, parts: [madeNumber(one + other, placeOf(whole))] };
  });
}

/** The text of a number. */
export function madeNumber(number: number, place: Place): Part {
  return { is: 'text', text: String(number), place, isWritten: false, number };
}

/** The text of an alternative, without what becomes a value. */
export function textOf(alternative: Alternative | undefined): string {
  return (alternative?.parts ?? []).map((part) => (part.is === 'text' ? part.text : '')).join('');
}

/** The text of a part of a template, its escapes read. */
export function cooked(quasi: Node): string {
  return (quasi['value'] as { cooked: string | null }).cooked ?? '';
}

/** Parsers differ in whether a part of a template has its quotation marks and braces. */
export function startOf(quasi: Node, source: string): number {
  const raw = (quasi['value'] as { raw: string }).raw;
  const first = source[quasi.start] ?? '';
  return /[`}]/.test(first) && !raw.startsWith(first) ? quasi.start + 1 : quasi.start;
}
