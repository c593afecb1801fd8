import { nodeOf, numberOf, outputsOf } from '../tree/nodes.ts';
import type { TreeNode } from '../tree/parse-tree.ts';

/** The type of an expression, 0 where it is not told. */
export function typeOf(node: TreeNode | null): number {
  if (node === null) return 0;
  for (const field of [
    'vartype',
    'consttype',
    'paramtype',
    'funcresulttype',
    'opresulttype',
    'resulttype',
    'coalescetype',
    'casetype',
    'minmaxtype',
    'aggtype',
    'wintype',
    'array_typeid',
    'row_typeid',
    'refrestype',
    'type',
  ]) {
    const oid = numberOf(node[field]);
    if (oid > 0) return oid;
  }
  if (['BOOLEXPR', 'NULLTEST', 'BOOLEANTEST', 'SCALARARRAYOPEXPR'].includes(node.tag)) return 16;
  if (node.tag === 'SUBLINK') {
    if (node['subLinkType'] === '0' || node['subLinkType'] === '2') return 16;
    const query = nodeOf(node['subselect']);
    const first = query === null ? undefined : outputsOf(query)[0];
    return node['subLinkType'] === '4' ? typeOf(nodeOf(first?.['expr'])) : 0;
  }
  return 0;
}
