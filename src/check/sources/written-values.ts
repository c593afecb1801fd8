import { entriesOf, isMap, itemsOf, mapEntriesOf, textIn } from './lists.ts';
import { type Located, type Module, memberOf } from './modules.ts';
import { keyOf, type Node, nameOf, unwrapped } from './nodes.ts';
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
  const whole: Elements | null = { list, values };
  return keys.reduce<Elements | null>(
    (part, key) => part && partsOf(part, nameOf(key) || String(key['value'])),
    // A map gives its values to a function, and pairs to a loop.
    own.each.isGiven && isMap(list, module) ? partsOf(whole, '1') : whole,
  );
}

/** What the elements of a list choose of a constant object: `COLUMNS[key]`. */
function chosenBy(node: Node, module: Module): Elements | null {
  const keys = elementsOf(unwrapped(node['property'] as Node), module);
  const all = keys && entriesOf(unwrapped(node['object'] as Node), module);
  const values = all && keys.values.map((key) => all.get(textIn(key) ?? '') ?? null);
  return values?.every((each) => each !== null) ? { list: keys!.list, values } : null;
}

function partsOf({ list, values }: Elements, key: string): Elements | null {
  const parts: Located[] = [];
  for (const each of values) {
    const { node, module } = each.module.constant(each.node) ?? each;
    const part = memberOf({ node: unwrapped(node), module }, key);
    if (part === null) return null;
    parts.push(part);
  }
  return { list, values: parts };
}

/** The values of a constant object, or of a map, that a key chooses among: `{ a: '…', b: '…' }[key]`. */
export function valuesOf(node: Node, module: Module): ReadonlyMap<string, Located> | null {
  const key = chosenKeyOf(node);
  if (key === null) return null;
  const isMember = node.type === 'MemberExpression';
  const object = unwrapped((isMember ? node : (node['callee'] as Node))['object'] as Node);
  const all = isMember ? entriesOf(object, module) : mapEntriesOf(object, module);
  const text = textIn({ node: key, module });
  const keys = text === null ? literalsOf(unwrapped(key), module) : new Map([[text, null]]);
  return all && keys ? new Map([...all].filter(([name]) => keys.has(name))) : all;
}

/** The key in `texts[key]` and in `texts.get(key)`. */
export function chosenKeyOf(node: Node): Node | null {
  if (node.type === 'MemberExpression') {
    return node['computed'] === true ? (node['property'] as Node) : null;
  }
  const callee = node.type === 'CallExpression' ? unwrapped(node['callee'] as Node) : null;
  const isGet = callee?.type === 'MemberExpression' && keyOf(callee) === 'get';
  return isGet ? ((node['arguments'] as readonly Node[])[0] ?? null) : null;
}
