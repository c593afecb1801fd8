import { cooked } from './alternatives.ts';
import { functionOf } from './classes.ts';
import { type Located, type Module, memberOf } from './modules.ts';
import { keyOf, type Node, nameOf, propertyName, unwrapped, visit } from './nodes.ts';

/** An element of a list, and by what conditions it is there. */
export interface Item extends Located {
  readonly when: ReadonlyMap<string, boolean>;
  /** It is added in a loop, or by a function: once, many times or never. */
  readonly isRepeated: boolean;
}

/** Methods of an array that leave things out or exchange their places. */
const OF_THE_SAME = /^(?:filter|slice|sort|toSorted|reverse|toReversed)$/;

/** What a function of `filter` looks for that only leaves out what is not there. */
const IS_THERE = /^(?:(?:!!|Boolean\()?\s*\w+\s*\)?|\w+\s*!==?\s*(?:undefined|null|false|''|""))$/;

/** How far lists that are made of others are followed. */
const DEEPEST = 10;

/** Whether each element is asked for by itself, or all of them in their order. */
type Use = 'each' | 'all';

/**
 * The elements of a list that is written out, of a set or a map, or what a generator gives; null of any other.
 *
 * @param use of `each` some may be left out, and in another order
 */
export function itemsOf(
  list: Node,
  module: Module,
  use: Use = 'each',
  depth = 0,
): readonly Item[] | null {
  if (depth > DEEPEST) return null;
  const node = unwrapped(list);
  const of = (each: unknown): readonly Item[] | null =>
    itemsOf(each as Node, module, use, depth + 1);
  switch (node.type) {
    case 'ArrayExpression':
      return joined(
        (node['elements'] as readonly (Node | null)[]).map((each) => {
          if (each === null) return null;
          return each.type === 'SpreadElement' ? of(each['argument']) : [itemOf(each, module)];
        }),
      );
    case 'ConditionalExpression': {
      const [one, other] = [of(node['consequent']), of(node['alternate'])];
      const { text, negated } = module.bindings.conditionOf(node['test'] as Node);
      return joined([withCondition(one, text, !negated), withCondition(other, text, negated)]);
    }
    case 'NewExpression': {
      const [given] = node['arguments'] as readonly Node[];
      const isCollection = /^(?:Map|Set)$/.test(nameOf(node['callee']));
      return isCollection && given !== undefined ? of(given) : null;
    }
    case 'CallExpression':
      return ofCall(node, module, use, depth + 1);
    default: {
      const growing = growingArray(node, module, use, depth + 1);
      if (growing !== null) return growing;
      const constant = module.constant(node);
      if (constant === null || constant.node === node) return null;
      return (
        growingArray(constant.node, constant.module, use, depth + 1, true) ??
        itemsOf(constant.node, constant.module, use, depth + 1)
      );
    }
  }
}

function ofCall(node: Node, module: Module, use: Use, depth: number): readonly Item[] | null {
  const callee = unwrapped(node['callee'] as Node);
  const args = node['arguments'] as readonly Node[];
  const of = (each: Node): readonly Item[] | null => itemsOf(each, module, use, depth);
  const made = functionOf(module, callee);
  if (made !== null) return ofFunction(made, use, depth);
  if (callee.type !== 'MemberExpression') return null;
  const object = unwrapped(callee['object'] as Node);
  const method = keyOf(callee) ?? '';
  const [given] = args;
  if (nameOf(object) === 'Array' && method === 'from') {
    return given !== undefined && args.length === 1 ? of(given) : null;
  }
  if (nameOf(object) === 'Object') {
    const entries = given && entriesOf(unwrapped(given), module);
    return entries ? sideOf(entries, method) : null;
  }
  if (isMap(object, module)) {
    const entries = mapEntriesOf(object, module);
    return entries && sideOf(entries, method);
  }
  const items = of(object);
  if (method === 'concat') {
    return joined([items, ...args.map((each) => of(each) ?? [itemOf(each, module)])]);
  }
  if (method === 'entries') {
    return items?.map((each, index) => ({ ...each, node: pairOf(index, each.node) })) ?? null;
  }
  if (method === 'values') return items;
  if (!OF_THE_SAME.test(method) || items === null) return null;
  if (method !== 'filter') return use === 'each' ? items : null;
  return use === 'each' || looksForThere(given, module) ? items.flatMap(whereThere) : null;
}

/** Whether the function of `filter` leaves out only what is not there: `Boolean`, `(part) => part !== undefined`. */
function looksForThere(made: Node | undefined, module: Module): boolean {
  if (made?.type !== 'ArrowFunctionExpression') return nameOf(made) === 'Boolean';
  const { start, end } = made['body'] as Node;
  const tests = module.source.slice(start, end).split('&&');
  return tests.every((each) => IS_THERE.test(each.trim()));
}

/** What a generator yields, or the list that a function returns. */
function ofFunction({ node, module }: Located, use: Use, depth: number): readonly Item[] | null {
  const body = node['body'] as Node;
  if (node['generator'] !== true) {
    const only = body.type === 'BlockStatement' ? null : body;
    return only && itemsOf(only, module, use, depth);
  }
  const lists: (readonly Item[] | null)[] = [];
  visit(body, (each, around) => {
    if (each.type !== 'YieldExpression' || around.some(({ type }) => /Function(?!Body)/.test(type)))
      return;
    const given = each['argument'] as Node | null;
    if (given === null) lists.push(null);
    else
      lists.push(
        each['delegate'] === true ? itemsOf(given, module, use, depth) : [itemOf(given, module)],
      );
  });
  return joined(lists);
}

function itemOf(node: Node, module: Module): Item {
  return { node, module, when: new Map(), isRepeated: false };
}

function joined(lists: readonly (readonly Item[] | null)[]): readonly Item[] | null {
  const known = lists.filter((each) => each !== null);
  return known.length === lists.length ? known.flat() : null;
}

function withCondition(
  items: readonly Item[] | null,
  condition: string,
  is: boolean,
): readonly Item[] | null {
  return items?.map((each) => ({ ...each, when: new Map(each.when).set(condition, is) })) ?? null;
}

/** What is left of `name && part` and of `name ? part : null` where what is not there is filtered out. */
function whereThere(item: Item): readonly Item[] {
  const node = unwrapped(item.node);
  const inner = (part: unknown, test: unknown, is: boolean): readonly Item[] => {
    const { text, negated } = item.module.bindings.conditionOf(test as Node);
    const there = { ...item, node: part as Node };
    return whereThere(there).map((each) => ({
      ...each,
      when: new Map(each.when).set(text, is !== negated),
    }));
  };
  if (node.type === 'LogicalExpression' && node['operator'] === '&&') {
    return inner(node['right'], node['left'], true);
  }
  if (node.type === 'ConditionalExpression') {
    return [
      ...inner(node['consequent'], node['test'], true),
      ...inner(node['alternate'], node['test'], false),
    ];
  }
  const isNothing =
    (node.type === 'Literal' && (node['value'] ?? false) === false) || nameOf(node) === 'undefined';
  return isNothing ? [] : [item];
}

/**
 * An array that is written out and that others are added to, as it is at a node that stands for it.
 *
 * @param isNamed the node is what another name stands for, which is asked for anywhere behind
 */
function growingArray(
  node: Node,
  module: Module,
  use: Use,
  depth: number,
  isNamed = false,
): readonly Item[] | null {
  const own = node.type === 'Identifier' ? module.binding(node) : undefined;
  const [first, ...others] = own?.values ?? [];
  if (!own || !first || others.length > 0 || own.added.length === 0 || own.isChanged) return null;
  // What is added further down is not there yet, but where a function may run later.
  const isAll = isNamed || module.bindings.isLater(own, node);
  const there = own.added.filter(
    (each) => isAll || each.node.start < node.start || each.isRepeated,
  );
  const itemsFor = (isInFront: boolean): (readonly Item[] | null)[] =>
    there
      .filter((each) => each.isInFront === isInFront)
      .map(({ node: added, when, isRepeated }) =>
        added.type === 'SpreadElement'
          ? (itemsOf(added['argument'] as Node, module, use, depth)?.map((item) => ({
              ...item,
              when,
              isRepeated,
            })) ?? null)
          : [{ node: added, module, when, isRepeated }],
      );
  return joined([...itemsFor(true), itemsOf(first, module, use, depth), ...itemsFor(false)]);
}

/** What a constant object has, if all of it is written out. */
export function entriesOf(
  object: Node,
  module: Module,
  depth = 0,
): ReadonlyMap<string, Located> | null {
  const owner =
    object.type === 'ObjectExpression' ? { node: object, module } : module.constant(object);
  if (owner?.node.type !== 'ObjectExpression' || depth > DEEPEST) return null;
  const values = new Map<string, Located>();
  for (const each of owner.node['properties'] as readonly Node[]) {
    if (each.type === 'SpreadElement') {
      const others = entriesOf(unwrapped(each['argument'] as Node), owner.module, depth + 1);
      if (others === null) return null;
      for (const [name, value] of others) values.set(name, value);
      continue;
    }
    const name = propertyName(each);
    if (name === null) return null;
    values.set(name, { node: each['value'] as Node, module: owner.module });
  }
  return values.size === 0 ? null : values;
}

/** Whether an expression is a map that is written out. */
export function isMap(node: Node, module: Module): boolean {
  const made = module.constant(node)?.node ?? unwrapped(node);
  return made.type === 'NewExpression' && nameOf(made['callee']) === 'Map';
}

/** What a map has, if all of it is written out and its keys are texts. */
export function mapEntriesOf(node: Node, module: Module): ReadonlyMap<string, Located> | null {
  const values = new Map<string, Located>();
  for (const pair of itemsOf(node, module) ?? []) {
    const at = { ...pair, node: unwrapped(pair.node) };
    const [key, value] = [memberOf(at, '0'), memberOf(at, '1')];
    const name = key && textIn(key);
    if (name === null || value === null) return null;
    values.set(name, value);
  }
  return values.size === 0 ? null : values;
}

/** The text that an expression is, where that is constant. */
export function textIn({ node, module }: Located): string | null {
  const own = module.constant(node)?.node ?? unwrapped(node);
  const [quasi, ...others] = (own['quasis'] ?? []) as readonly Node[];
  const value = quasi && others.length === 0 ? cooked(quasi) : own['value'];
  return typeof value === 'string' ? value : null;
}

/** The `keys`, the `values` or the `entries`. */
function sideOf(all: ReadonlyMap<string, Located>, side: string): readonly Item[] | null {
  const items = [...all].map(([name, { node, module }]): [string, Item] => [
    name,
    itemOf(node, module),
  ]);
  switch (side) {
    case 'keys':
      return items.map(([name, each]) => ({ ...each, node: keyNode(name, each.node) }));
    case 'values':
      return items.map(([, each]) => each);
    case 'entries':
      return items.map(([name, each]) => ({ ...each, node: pairOf(name, each.node) }));
    default:
      return null;
  }
}

function keyNode(value: string | number, { start, end }: Node): Node {
  return { type: 'Literal', value, start, end };
}

function pairOf(key: string | number, node: Node): Node {
  const { start, end } = node;
  return { type: 'ArrayExpression', elements: [keyNode(key, node), node], start, end };
}
