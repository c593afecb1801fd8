import { nodeOf } from '../tree/nodes.ts';
import type { TreeNode, TreeValue } from '../tree/parse-tree.ts';
import { CASTS } from './facts.ts';

/** unknown, text, varchar. */
const TEXT_TYPES = new Set(['705', '25', '1043']);

/** The bytes of a constant, without the length in front of them or the zero behind them. */
function constantBytes(value: TreeValue | undefined): Buffer | null {
  const node = constantOf(value);
  const text = node?.['constvalue'];
  if (typeof text !== 'string') return null;
  const bytes = Buffer.from(text.split(' ').map(Number));
  if (node?.['constlen'] === '-2') return bytes.subarray(0, -1);
  return node?.['constlen'] === '-1' ? bytes.subarray(4) : null;
}

/** The text of a constant that is one, or null. */
export function constantText(value: TreeValue | undefined): string | null {
  return TEXT_TYPES.has(String(constantOf(value)?.['consttype']))
    ? (constantBytes(value)?.toString('utf8') ?? null)
    : null;
}

export function isNullConstant(value: TreeValue | undefined): boolean {
  return constantOf(value)?.['constisnull'] === 'true';
}

/** Whether an expression is the constant `true`. */
export function isTrueConstant(value: TreeValue | undefined): boolean {
  const node = constantOf(value);
  return node?.['consttype'] === '16' && /^1( 0)*$/.test(String(node['constvalue']));
}

/** Whether a constant is a JSON document that is a list without anything in it. */
export function isEmptyList(value: TreeValue | undefined): boolean {
  const node = constantOf(value);
  const bytes = constantBytes(node);
  if (node?.['consttype'] === '114') return bytes?.toString().trim() === '[]';
  // The header of an array without items, as jsonb has it.
  return (
    node?.['consttype'] === '3802' && bytes?.length === 4 && bytes.readUInt32LE(0) === 0x4000_0000
  );
}

function constantOf(value: TreeValue | undefined): TreeNode | null {
  let node = nodeOf(value);
  while (node !== null && CASTS.has(node.tag)) node = nodeOf(node['arg']);
  return node?.tag === 'CONST' ? node : null;
}
