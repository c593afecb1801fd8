import { functionOf } from './classes.ts';
import { textIn } from './lists.ts';
import type { Located, Module } from './modules.ts';
import { keyOf, type Node, nameOf, propertyName, unwrapped, visit } from './nodes.ts';
import { literalsOf } from './type-values.ts';
import { elementsOf } from './written-values.ts';

/** Methods of connections, pools and transactions whose first argument is a query. */
export const METHODS = new Set([
  'fetch',
  'fetchRow',
  'fetchVal',
  'fetchOne',
  'fetchMany',
  'execute',
  'executeMany',
  'stream',
  'cursor',
  'prepare',
  'copyFromQuery',
  'copyRecordsFromQuery',
]);

/** What a call gives to a method that takes a query. */
interface QueryCall {
  readonly method: string;
  readonly args: readonly Node[];
}

/** The name of the method that is called, if it is one. */
export function methodOf({ callee }: Node): string {
  const member = callee as Node;
  return member.type === 'MemberExpression' ? (keyOf(member) ?? '') : '';
}

/**
 * The call of such a method: `pool.fetch(…)`, `pool['fetch'](…)`, `pool.fetch.call(pool, …)`, and that of what
 * `pool.fetch.bind(pool)` has made.
 */
export function queryCallOf(call: Node, module: Module): QueryCall | null {
  const args = call['arguments'] as readonly Node[];
  const callee = unwrapped(call['callee'] as Node);
  const own = methodMeant(callee, module);
  if (own !== null) return { method: own, args };
  const isOfMethod = callee.type === 'MemberExpression';
  const method = isOfMethod ? methodMeant(unwrapped(callee['object'] as Node), module) : null;
  if (method === null) return null;
  const way = keyOf(callee);
  if (way === 'call') return { method, args: args.slice(1) };
  const list = way === 'apply' && args[1] ? unwrapped(args[1]) : null;
  if (list?.type !== 'ArrayExpression') return null;
  return {
    method,
    args: (list['elements'] as readonly (Node | null)[]).filter((each) => each !== null),
  };
}

/** The method that an expression is: `pool.fetch`, `pool[key]`, or a constant of it. */
function methodMeant(node: Node, module: Module, depth = 0): string | null {
  if (depth > 5) return null;
  switch (node.type) {
    case 'MemberExpression': {
      const key = keyOf(node);
      const names = key === null ? textsOfKey(node['property'] as Node, module) : [key];
      const [name] = names;
      return name !== undefined && names.every((each) => METHODS.has(each)) ? name : null;
    }
    case 'CallExpression': {
      const callee = unwrapped(node['callee'] as Node);
      const isBound = callee.type === 'MemberExpression' && keyOf(callee) === 'bind';
      const isOfAll = (node['arguments'] as readonly Node[]).length < 2;
      return isBound && isOfAll
        ? methodMeant(unwrapped(callee['object'] as Node), module, depth + 1)
        : null;
    }
    case 'Identifier': {
      const constant = module.constant(node);
      return constant === null || constant.node === node
        ? null
        : methodMeant(constant.node, constant.module, depth + 1);
    }
    default:
      return null;
  }
}

/** The names that a key may be. */
function textsOfKey(given: Node, module: Module): readonly string[] {
  const node = unwrapped(given);
  if (node.type === 'ConditionalExpression') {
    return [node['consequent'], node['alternate']].flatMap((each) =>
      textsOfKey(each as Node, module),
    );
  }
  const text = textIn({ node, module });
  if (text !== null) return [text];
  const literals = literalsOf(node, module);
  if (literals !== null) return [...literals.keys()];
  return (elementsOf(node, module)?.values ?? []).map((each) => textIn(each) ?? '');
}

/**
 * The method that a function gives its argument to as a query, itself or by another function.
 *
 * @param key of an object the property that is the query, as in `run({ text: 'SELECT …' })`
 */
export function handsOn(
  made: Located,
  index: number,
  key: string | null = null,
  depth = 0,
): string | null {
  const known = HANDS_ON.get(made.node) ?? new Map<string, string | null>();
  HANDS_ON.set(made.node, known);
  const place = `${index}.${key ?? ''}`;
  let found = known.get(place);
  if (found === undefined) {
    // One that calls itself finds nothing in itself.
    known.set(place, null);
    found = methodWithin(made, index, key, depth);
    known.set(place, found);
  }
  return found;
}

/** What is known of functions, by the place of an argument. */
const HANDS_ON = new WeakMap<Node, Map<string, string | null>>();

function methodWithin(
  { node, module }: Located,
  index: number,
  key: string | null,
  depth: number,
): string | null {
  const given = (node['params'] as readonly Node[])[index];
  const param = given?.type === 'AssignmentPattern' ? (given['left'] as Node) : given;
  if (param === undefined || depth > 3) return null;
  const isGiven = isPartOf({ node: param, module }, key, node['body'] as Node);
  if (isGiven === null) return null;
  let found: string | null = null;
  visit(node['body'] as Node, (call) => {
    if (found !== null || call.type !== 'CallExpression') return;
    const query = queryCallOf(call, module);
    const [first] = query?.args ?? [];
    if (query && first && isGiven(unwrapped(first))) {
      found = query.method;
      return;
    }
    const args = (call['arguments'] as readonly Node[]).map(unwrapped);
    const at = args.findIndex(isGiven);
    if (at < 0) return;
    const other = functionOf(module, unwrapped(call['callee'] as Node));
    if (other !== null) found = handsOn(other, at, null, depth + 1);
  });
  return found;
}

/** Whether an expression within a function is what a parameter is given, or its property by that name. */
function isPartOf(
  { node: param, module }: Located,
  key: string | null,
  body: Node,
): ((node: Node) => boolean) | null {
  // Another name of the same spelling is another one, and what is written to is not what was given.
  const isNamed = (named: Node) => {
    const own = module.binding(named);
    const isWritten = own !== undefined && own.values.length > (own.fallback === null ? 1 : 2);
    return (node: Node) =>
      node.type === 'Identifier' &&
      nameOf(node) === nameOf(named) &&
      !isWritten &&
      module.binding(node) === own;
  };
  if (param.type === 'ObjectPattern') {
    const name = key === null ? null : nameIn(param, key);
    return name === null ? null : isNamed(name);
  }
  if (param.type !== 'Identifier') return null;
  const isWhole = isNamed(param);
  if (key === null) return isWhole;
  const areParts: ((node: Node) => boolean)[] = [];
  visit(body, ({ type, id, init }) => {
    if (type !== 'VariableDeclarator' || !init || !isWhole(unwrapped(init as Node))) return;
    const name = nameIn(id as Node, key);
    if (name !== null) areParts.push(isNamed(name));
  });
  return (node) =>
    areParts.some((isPart) => isPart(node)) ||
    (node.type === 'MemberExpression' &&
      keyOf(node) === key &&
      isWhole(unwrapped(node['object'] as Node)));
}

/** What a pattern calls the property: of `{ text: query }` query. */
function nameIn(pattern: Node, key: string): Node | null {
  if (pattern.type !== 'ObjectPattern') return null;
  const found = (pattern['properties'] as readonly Node[]).find(
    (each) => propertyName(each) === key,
  );
  const value = found?.['value'] as Node | undefined;
  const named = value?.type === 'AssignmentPattern' ? (value['left'] as Node) : value;
  return named?.type === 'Identifier' ? named : null;
}
