import { functionOf } from './classes.ts';
import { isTemplate } from './fragments.ts';
import type { Located, Module } from './modules.ts';
import { type Node, propertyName, unwrapped } from './nodes.ts';
import { methodOf } from './query-methods.ts';
import { returnedBy } from './returns.ts';
import { valuesOf } from './written-values.ts';

/** The templates that a function returns which is called, and what a getter does; null: it is anything else. */
export function templatesOf({ node: given, module }: Located): Located[] | null {
  const isAwaited = given.type === 'AwaitExpression';
  const node = isAwaited ? unwrapped(given['argument'] as Node) : given;
  const isCall = node.type === 'CallExpression';
  if (!isCall && node.type !== 'MemberExpression') return null;
  const made = functionOf(module, isCall ? unwrapped(node['callee'] as Node) : node);
  if (made === null || made.node['generator'] === true) return null;
  if (made.node['async'] === true && !isAwaited) return null;
  const all = returnedBy(made.node['body'] as Node).map((each) => ({
    node: unwrapped(each),
    module: made.module,
  }));
  return all.length > 0 && (!isCall || all.every(isTemplate)) ? all : null;
}

/** What `map` makes of each element: of `ids.map((id) => sql`…`)`. */
export function madeByMap(given: Node, module: Module): readonly Located[] {
  const isMap = given.type === 'CallExpression' && methodOf(given) === 'map';
  const [made] = isMap ? (given['arguments'] as readonly Node[]) : [];
  if (!made || !/Function/.test(made.type)) return [];
  return returnedBy(made['body'] as Node).map((node) => ({ node, module }));
}

/** The templates and objects among which a key chooses: `{ a: sql`…`, b: { text: '…' } }[key]`. */
export function chosenTemplates({ node, module }: Located): readonly Located[] | null {
  const choices = [...(valuesOf(node, module)?.values() ?? [])];
  const isOther = (each: Located): boolean => {
    const value = { node: unwrapped(each.node), module: each.module };
    return isTemplate(value) || value.node.type === 'ObjectExpression';
  };
  return choices.length > 0 && choices.every(isOther) ? choices : null;
}

/** What a parameter is where nothing is given: of `(text = 'SELECT …') => …`. */
export function fallbackOf({ node, module }: Located): readonly Located[] {
  const own = node.type === 'Identifier' ? module.binding(node) : undefined;
  // One that is written to has two values and more.
  return own?.fallback && own.values.length === 2 ? [{ node: own.fallback, module }] : [];
}

/** The query in `{ text: '…', timeout }` and in `` { ...sql`…`, timeout } ``. */
export function queryOfObject(object: Node): Node | null {
  for (const each of object['properties'] as readonly Node[]) {
    if (each.type === 'SpreadElement') {
      const spread = unwrapped(each['argument'] as Node);
      if (spread.type === 'TaggedTemplateExpression') return spread;
    } else if (propertyName(each) === 'text') {
      return each['value'] as Node;
    }
  }
  return null;
}
