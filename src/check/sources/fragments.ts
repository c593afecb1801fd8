import { type Located, type Module, type Node, propertyName, unwrapped } from './modules.ts';
import type { Place } from './query-text.ts';

/** What a template is made of: text, or a value, which becomes a parameter. */
interface Part {
  /** Null for a value. */
  readonly text: string | null;
  readonly place: Place;
  /** Whether the text stands there as it is, and is not made of an expression. */
  readonly isWritten: boolean;
  /** Of a value in the outermost template: which one it is. */
  readonly hole?: number;
  /** A keyword that is put in front where the text does not have it already. */
  readonly keyword?: string;
}

/** One of the texts that a template can have, and of what that depends. */
export interface Alternative {
  readonly parts: readonly Part[];
  /** By the text of a condition how it is decided. */
  readonly when: ReadonlyMap<string, boolean>;
}

/** Why a text is not known before the program runs. */
export class NotKnown {
  readonly reason: string;
  readonly place: Place;

  constructor(reason: string, place: Place) {
    this.reason = reason;
    this.place = place;
  }
}

/** How many variants of a template are checked: six conditions. */
const MOST_VARIANTS = 64;
const NOTHING: Alternative = { parts: [], when: new Map() };

/** Where a node begins. */
export function placeOf({ node, module }: Located, offset = node.start): Place {
  return { file: module.file, source: module.source, offset };
}

/** The texts that a `sql` template can have, by the fragments in it. */
export function alternativesOf(
  template: Located,
  isOutermost = true,
): readonly Alternative[] | NotKnown {
  const { node, module } = template;
  const quasi = node['quasi'] as Node;
  const expressions = quasi['expressions'] as readonly Node[];
  let made: readonly Alternative[] = [NOTHING];
  for (const [index, part] of (quasi['quasis'] as readonly Node[]).entries()) {
    const start = startOf(part, module.source);
    made = made.map((each) => ({
      ...each,
      parts: [...each.parts, written(cooked(part), placeOf({ node: part, module }, start))],
    }));
    const expression = expressions[index];
    if (expression === undefined) continue;
    const next = ofValue({ node: expression, module }, isOutermost ? index : undefined);
    if (next instanceof NotKnown) return next;
    made = joined(made, next);
    if (made.length > MOST_VARIANTS) {
      return new NotKnown(`there are more than ${MOST_VARIANTS} variants`, placeOf(template));
    }
  }
  return made;
}

function written(text: string, place: Place): Part {
  return { text, place, isWritten: true };
}

/** Every one of the first with every one of the second, but for those that decide a condition both ways. */
function joined(first: readonly Alternative[], second: readonly Alternative[]): Alternative[] {
  return first.flatMap((one) =>
    second
      .filter((other) => [...other.when].every(([each, is]) => (one.when.get(each) ?? is) === is))
      .map((other) => ({
        parts: [...one.parts, ...other.parts],
        when: new Map([...one.when, ...other.when]),
      })),
  );
}

/** What an interpolated expression becomes: a fragment's text, or a parameter. */
function ofValue(value: Located, hole?: number): readonly Alternative[] | NotKnown {
  const node = unwrapped(value.node);
  const here = { node, module: value.module };
  if (!mayBeFragment(here)) {
    const part: Part = { text: null, place: placeOf(here), isWritten: false };
    return [{ parts: [hole === undefined ? part : { ...part, hole }], when: new Map() }];
  }
  if (node.type === 'TaggedTemplateExpression') return alternativesOf(here, false);
  if (node.type === 'ConditionalExpression') {
    const condition = node['test'] as Node;
    const { text, negated } = conditionOf(condition, value.module.source);
    const both = [node['consequent'], node['alternate']].map((each, index) => {
      const made = ofValue({ node: each as Node, module: value.module });
      const is = (index === 0) !== negated;
      return made instanceof NotKnown
        ? made
        : joined([{ parts: [], when: new Map([[text, is]]) }], made);
    });
    const unknown = both.find((each) => each instanceof NotKnown);
    if (unknown !== undefined) return unknown as NotKnown;
    return (both as Alternative[][]).flat();
  }
  const constant = value.module.constant(node);
  if (constant !== null) return ofValue(constant);
  return ofHelper(here);
}

/** `!x` is the other way round of `x`. */
function conditionOf(node: Node, source: string): { text: string; negated: boolean } {
  const inner = unwrapped(node);
  if (inner.type === 'UnaryExpression' && inner['operator'] === '!') {
    const { text, negated } = conditionOf(inner['argument'] as Node, source);
    return { text, negated: !negated };
  }
  return { text: source.slice(inner.start, inner.end), negated: false };
}

export function isTemplate(node: Node): boolean {
  const tag = node['tag'] as Node | undefined;
  return node.type === 'TaggedTemplateExpression' && tag?.['name'] === 'sql';
}

function mayBeFragment({ node, module }: Located): boolean {
  const inner = unwrapped(node);
  if (isTemplate(inner)) return true;
  if (inner.type === 'ConditionalExpression') {
    return [inner['consequent'], inner['alternate']].some((each) =>
      mayBeFragment({ node: each as Node, module }),
    );
  }
  const constant = module.constant(inner);
  if (constant !== null && constant.node !== inner) return mayBeFragment(constant);
  return helperOf(inner) !== null;
}

/** The name of the helper in `sql.and(…)`; `sql.json` makes a value. */
function helperOf(node: Node): string | null {
  const callee = node['callee'] as Node | undefined;
  if (node.type !== 'CallExpression' || callee?.type !== 'MemberExpression') return null;
  const name = String((callee['property'] as Node)['name']);
  return (callee['object'] as Node)['name'] === 'sql' && name !== 'json' ? name : null;
}

function ofHelper(call: Located): readonly Alternative[] | NotKnown {
  const { node, module } = call;
  const args = node['arguments'] as readonly Node[];
  const texts = args.map((each) => textOf({ node: each, module }));
  const made = (text: string): readonly Alternative[] => [
    { parts: [{ text, place: placeOf(call), isWritten: false }], when: new Map() },
  ];
  const shown = module.source.slice(node.start, node.end).replaceAll(/\s+/g, ' ');
  const unknown = new NotKnown(`${shown} is only known when the program runs`, placeOf(call));
  switch (helperOf(node)) {
    case 'id':
      return texts.includes(null) ? unknown : made(texts.map((each) => quoted(each!)).join('.'));
    case 'raw':
      return typeof texts[0] === 'string' ? made(texts[0]) : unknown;
    case 'and':
    case 'or': {
      const items = itemsOf(args[0], module);
      if (items === null) return unknown;
      const separator = helperOf(node) === 'and' ? ') AND (' : ') OR (';
      return surrounded(items, '((', separator, '))', call);
    }
    case 'join': {
      const items = itemsOf(args[0], module);
      const separator = args[1] === undefined ? ', ' : texts[1];
      return items === null || typeof separator !== 'string'
        ? unknown
        : surrounded(items, '', separator, '', call);
    }
    case 'set': {
      const object = args[0] === undefined ? null : constantOf({ node: args[0], module });
      const properties = (object?.node['properties'] ?? []) as readonly Node[];
      const names = properties.map((each) =>
        each.type === 'Property' ? propertyName(each) : null,
      );
      if (object === null || names.length === 0 || names.includes(null)) return unknown;
      return assignments(names as string[], properties, object.module, call);
    }
    case 'columns': {
      const of = args[0] === undefined ? null : constantOf({ node: args[0], module });
      const names =
        of?.node.type === 'ObjectExpression'
          ? (of.node['properties'] as readonly Node[]).map((each) =>
              each.type === 'Property' ? propertyName(each) : null,
            )
          : (itemsOf(of?.node, of?.module ?? module)?.map((each) => textOf(each)) ?? [null]);
      return names.length === 0 || names.includes(null)
        ? unknown
        : made(names.map((each) => quoted(each!)).join(', '));
    }
    default:
      return unknown;
  }
}

function assignments(
  names: readonly string[],
  properties: readonly Node[],
  module: Module,
  call: Located,
): readonly Alternative[] | NotKnown {
  let result: readonly Alternative[] = [NOTHING];
  for (const [index, property] of properties.entries()) {
    const text = `${index === 0 ? '' : ', '}${quoted(names[index]!)} = `;
    const place = placeOf({ node: property, module });
    const before: Part = { text, place, isWritten: false, ...(index === 0 && { keyword: 'SET' }) };
    const value = ofValue({ node: property['value'] as Node, module });
    if (value instanceof NotKnown) return value;
    result = joined(joined(result, [{ parts: [before], when: new Map() }]), value);
    if (result.length > MOST_VARIANTS) {
      return new NotKnown(`there are more than ${MOST_VARIANTS} variants`, placeOf(call));
    }
  }
  return result;
}

function surrounded(
  items: readonly Located[],
  before: string,
  between: string,
  after: string,
  call: Located,
): readonly Alternative[] | NotKnown {
  const made = (text: string): Alternative => ({
    parts: [{ text, place: placeOf(call), isWritten: false }],
    when: new Map(),
  });
  let result: readonly Alternative[] = [made(before)];
  for (const [index, item] of items.entries()) {
    const value = ofValue(item);
    if (value instanceof NotKnown) return value;
    result = joined(index === 0 ? result : joined(result, [made(between)]), value);
    if (result.length > MOST_VARIANTS) {
      return new NotKnown(`there are more than ${MOST_VARIANTS} variants`, placeOf(call));
    }
  }
  return joined(result, [made(after)]);
}

/** What an expression stands for, where that is constant; itself where it is not. */
function constantOf({ node, module }: Located): Located {
  const inner = unwrapped(node);
  return module.constant(inner) ?? { node: inner, module };
}

/** The items of an array that is written out. */
function itemsOf(node: Node | undefined, module: Module): readonly Located[] | null {
  if (node === undefined) return null;
  const array = constantOf({ node, module });
  if (array.node.type !== 'ArrayExpression') return null;
  const elements = array.node['elements'] as readonly (Node | null)[];
  if (elements.length === 0) return null;
  if (elements.some((each) => each === null || each.type === 'SpreadElement')) return null;
  return elements.map((each) => ({ node: each!, module: array.module }));
}

function textOf(value: Located): string | null {
  const { node } = constantOf(value);
  if (node.type === 'Literal' && typeof node['value'] === 'string') return node['value'];
  if (node.type !== 'TemplateLiteral' || (node['expressions'] as readonly Node[]).length > 0) {
    return null;
  }
  return cooked((node['quasis'] as readonly Node[])[0]!);
}

function quoted(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
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
