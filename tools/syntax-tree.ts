// The syntax tree of a source, as ESTree has it, for those who look at all of its nodes.
import { type ParserOptions, parseAst } from 'rolldown/parseAst';

export interface Node {
  readonly type: string;
  readonly start: number;
  readonly end: number;
  readonly [key: string]: unknown;
}

export function isNode(value: unknown): value is Node {
  return typeof value === 'object' && value !== null && 'type' in value && 'start' in value;
}

/** The statements of a module. */
export function statementsOf(source: string, lang: 'js' | 'ts'): readonly Node[] {
  const options: ParserOptions = { lang };
  return (parseAst(source, options) as unknown as { readonly body: readonly Node[] }).body;
}

export function childrenOf(node: Node): Node[] {
  return Object.values(node).flat().filter(isNode);
}
