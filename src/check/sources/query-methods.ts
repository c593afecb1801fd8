import { functionOf } from './classes.ts';
import type { Located } from './modules.ts';
import { keyOf, type Node, unwrapped, visit } from './nodes.ts';

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

/** The name of the method that is called, if it is one. */
export function methodOf({ callee }: Node): string {
  const member = callee as Node;
  return member.type === 'MemberExpression' ? (keyOf(member) ?? '') : '';
}

/** The method that a function gives its argument to as a query, itself or by another function. */
export function handsOn(made: Located, index: number, depth = 0): string | null {
  const known = HANDS_ON.get(made.node) ?? [];
  HANDS_ON.set(made.node, known);
  if (known[index] === undefined) {
    // One that calls itself finds nothing in itself.
    known[index] = null;
    known[index] = methodWithin(made, index, depth);
  }
  return known[index];
}

/** What is known of functions, by the place of an argument. */
const HANDS_ON = new WeakMap<Node, (string | null)[]>();

function methodWithin({ node, module }: Located, index: number, depth: number): string | null {
  const given = (node['params'] as readonly Node[])[index];
  const param = given?.type === 'AssignmentPattern' ? (given['left'] as Node) : given;
  if (param?.type !== 'Identifier' || depth > 3) return null;
  let found: string | null = null;
  visit(node['body'] as Node, (call) => {
    if (found !== null || call.type !== 'CallExpression') return;
    const args = (call['arguments'] as readonly Node[]).map(unwrapped);
    const at = args.findIndex(
      (each) => each.type === 'Identifier' && each['name'] === param['name'],
    );
    if (at < 0) return;
    const method = methodOf(call);
    if (at === 0 && METHODS.has(method)) {
      found = method;
      return;
    }
    const other = functionOf(module, unwrapped(call['callee'] as Node));
    if (other !== null) found = handsOn(other, at, depth + 1);
  });
  return found;
}
