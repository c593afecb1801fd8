import { exportedBy, fieldOf, type Node, nameOf, unwrapped } from './nodes.ts';

/** An element of an array, a member of an enum or a namespace, a static property of a class. */
export function memberIn(node: Node, key: string): Node | null {
  if (node.type === 'ArrayExpression' && /^\d+$/.test(key)) {
    const items = node['elements'] as readonly (Node | null)[];
    const item = items[Number(key)] ?? null;
    const isKnown = items.slice(0, Number(key) + 1).every((each) => each?.type !== 'SpreadElement');
    return item === null || !isKnown ? null : unwrapped(item);
  }
  if (node.type === 'TSEnumDeclaration') {
    const members = (node['body'] as Node)['members'] as readonly Node[];
    const member = members.find((each) => nameOf(each['id']) === key);
    const value = (member?.['initializer'] ?? null) as Node | null;
    return value === null ? null : unwrapped(value);
  }
  if (node.type === 'ClassDeclaration') {
    return fieldOf(node, key, 'static');
  }
  if (node.type === 'TSModuleDeclaration') {
    const value = exportedBy(node, key);
    return value === null ? null : unwrapped(value);
  }
  return null;
}

/** What a variable is at first that a namespace exports, and that may be written to. */
export function variableIn(node: Node, key: string): Node | null {
  const value = node.type === 'TSModuleDeclaration' ? exportedBy(node, key, 'mutable') : null;
  return value && unwrapped(value);
}
