import type { Located } from './modules.ts';
import { type Node, unwrapped } from './nodes.ts';

/** What is made of two numbers. */
const OPERATIONS: Readonly<Record<string, (a: number, b: number) => number>> = {
  '+': (a, b) => a + b,
  '-': (a, b) => a - b,
  '*': (a, b) => a * b,
  '/': (a, b) => a / b,
};

/** The number that an expression of constants is: `LIMIT + 1` is no text with a 1 behind it. Null for any other. */
export function numberIn({ node: given, module }: Located, depth = 0): number | null {
  if (depth > 20) return null;
  const node = unwrapped(given);
  const of = (part: unknown): number | null => numberIn({ node: part as Node, module }, depth + 1);
  switch (node.type) {
    case 'Literal':
      return typeof node['value'] === 'number' ? node['value'] : null;
    case 'UnaryExpression': {
      const value = node['operator'] === '-' ? of(node['argument']) : null;
      return value === null ? null : -value;
    }
    case 'BinaryExpression': {
      const operation = OPERATIONS[String(node['operator'])];
      const left = operation === undefined ? null : of(node['left']);
      const right = left === null ? null : of(node['right']);
      return operation && left !== null && right !== null ? operation(left, right) : null;
    }
    case 'Identifier':
    case 'MemberExpression': {
      const constant = module.constant(node);
      return constant === null || constant.node === node ? null : numberIn(constant, depth + 1);
    }
    default:
      return null;
  }
}
