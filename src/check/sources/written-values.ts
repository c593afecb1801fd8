import type { Added } from './bindings.ts';
import type { Located, Module } from './modules.ts';
import { type Node, propertyName, unwrapped } from './nodes.ts';

/** The elements of a constant array, of a variable that goes through them: `for (const text of TEXTS)`. */
export function elementsOf(node: Node, module: Module): ReadonlyMap<string, Located> | null {
  const each = module.binding(node)?.each ?? null;
  if (node.type !== 'Identifier' || each === null) return null;
  const inner = unwrapped(each);
  const list = inner.type === 'ArrayExpression' ? { node: inner, module } : module.constant(inner);
  const items = (list?.node['elements'] ?? []) as readonly (Node | null)[];
  if (list === null || items.length === 0) return null;
  if (items.some((item) => item === null || item.type === 'SpreadElement')) return null;
  return new Map(items.map((item, index) => [String(index), { node: item!, module: list.module }]));
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
export function valuesOf(
  { type, ...node }: Node,
  module: Module,
): ReadonlyMap<string, Located> | null {
  if (type !== 'MemberExpression' || node['computed'] !== true) return null;
  const object = unwrapped(node['object'] as Node);
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
