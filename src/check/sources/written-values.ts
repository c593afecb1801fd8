import type { Added } from './bindings.ts';
import { memberIn } from './members.ts';
import type { Located, Module } from './modules.ts';
import { keyOf, type Node, nameOf, propertyName, unwrapped } from './nodes.ts';
import { literalsOf } from './type-values.ts';

/** What each element of a list has there that a name or a property stands for. */
interface Elements {
  readonly list: Node;
  readonly values: readonly Located[];
}

/**
 * What the variable of `for (const text of TEXTS)` goes through, and that of `TEXTS.map((text) => …)`, or a part of
 * each: `job.text`, `for (const [name, text] of Object.entries(TEXTS))`. Null: that is not written out.
 */
export function elementsOf(node: Node, module: Module): Elements | null {
  if (node.type === 'MemberExpression') {
    const key = keyOf(node);
    if (key === null) return chosenBy(node, module);
    const whole = elementsOf(unwrapped(node['object'] as Node), module);
    return whole && partsOf(whole, key);
  }
  const own = node.type === 'Identifier' ? module.binding(node) : undefined;
  // A parameter may be given another value as well.
  if (!own?.each || own.values.length > 1) return null;
  const { list, keys } = own.each;
  const values = itemsOf(list, module);
  if (values === null || values.length === 0) return null;
  return keys.reduce<Elements | null>(
    (whole, key) => whole && partsOf(whole, nameOf(key) || String(key['value'])),
    { list, values },
  );
}

/** What the elements of a list choose of a constant object: `COLUMNS[key]`. */
function chosenBy(node: Node, module: Module): Elements | null {
  const keys = elementsOf(unwrapped(node['property'] as Node), module);
  const all = keys && entriesOf(unwrapped(node['object'] as Node), module);
  const values = all && keys.values.map((key) => all.get(textIn(key) ?? '') ?? null);
  return values?.every((each) => each !== null) ? { list: keys!.list, values } : null;
}

function textIn({ node, module }: Located): string | null {
  const { value } = module.constant(node)?.node ?? unwrapped(node);
  return typeof value === 'string' ? value : null;
}

function partsOf({ list, values }: Elements, key: string): Elements | null {
  const parts: Located[] = [];
  for (const each of values) {
    const { node, module } = each.module.constant(each.node) ?? each;
    const part = memberIn(unwrapped(node), key);
    if (part === null) return null;
    parts.push({ node: part, module });
  }
  return { list, values: parts };
}

/** Methods of an array that leave things out or exchange their places. */
const OF_THE_SAME = /^(?:filter|slice|sort|toSorted|reverse|toReversed)$/;

/** The elements of a list that is written out. */
function itemsOf(list: Node, module: Module): readonly Located[] | null {
  const node = unwrapped(list);
  if (node.type === 'CallExpression') {
    const callee = unwrapped(node['callee'] as Node);
    const method = callee.type === 'MemberExpression' ? (keyOf(callee) ?? '') : '';
    const object = callee['object'] as Node;
    if (OF_THE_SAME.test(method)) return itemsOf(object, module);
    const [given] = node['arguments'] as readonly Node[];
    if (nameOf(object) !== 'Object' || given === undefined) return null;
    const entries = entriesOf(unwrapped(given), module);
    if (method === 'values') return entries && [...entries.values()];
    return method === 'entries' ? entries && pairsOf(entries) : null;
  }
  const growing = growingArray(node, module);
  const array =
    growing?.first ?? (node.type === 'ArrayExpression' ? { node, module } : module.constant(node));
  if (array?.node.type !== 'ArrayExpression') return null;
  const items = [
    ...(array.node['elements'] as readonly (Node | null)[]),
    ...(growing?.added ?? []).map((each) => each.node),
  ];
  if (items.some((item) => item === null || item.type === 'SpreadElement')) return null;
  return items.map((item) => ({ node: item!, module: array.module }));
}

function pairsOf(entries: ReadonlyMap<string, Located>): readonly Located[] {
  return [...entries].map(([name, { node, module }]) => {
    const { start, end } = node;
    const key: Node = { type: 'Literal', value: name, start, end };
    return { node: { type: 'ArrayExpression', elements: [key, node], start, end }, module };
  });
}

/** An array that is written out and that others are added to: what it has at first, and what is added. */
export function growingArray(
  node: Node,
  module: Module,
): { first: Located; added: readonly Added[] } | null {
  const own = node.type === 'Identifier' ? module.binding(node) : undefined;
  const [first, ...others] = own?.values ?? [];
  if (!own || !first || others.length > 0 || own.added.length === 0 || own.isChanged) return null;
  const inner = unwrapped(first);
  return inner.type === 'ArrayExpression'
    ? { first: { node: inner, module }, added: own.added }
    : null;
}

/** The values of a constant object that a key chooses among: `{ a: '…', b: '…' }[key]`. */
export function valuesOf(node: Node, module: Module): ReadonlyMap<string, Located> | null {
  if (node.type !== 'MemberExpression' || node['computed'] !== true) return null;
  const all = entriesOf(unwrapped(node['object'] as Node), module);
  const keys = literalsOf(unwrapped(node['property'] as Node), module);
  return all && keys ? new Map([...all].filter(([key]) => keys.has(key))) : all;
}

/** What a constant object has, if all of it is written out. */
function entriesOf(object: Node, module: Module): ReadonlyMap<string, Located> | null {
  const owner =
    object.type === 'ObjectExpression' ? { node: object, module } : module.constant(object);
  if (owner?.node.type !== 'ObjectExpression') return null;
  const values = new Map<string, Located>();
  for (const each of owner.node['properties'] as readonly Node[]) {
    const name = each.type === 'Property' ? propertyName(each) : null;
    if (name === null) return null;
    values.set(name, { node: each['value'] as Node, module: owner.module });
  }
  return values.size === 0 ? null : values;
}
