import type { Conditions } from './conditions.ts';
import { conditionsOfReturn } from './conditions-of.ts';
import type { Located } from './modules.ts';
import { type Node, visit } from './nodes.ts';

/** What a function returns in one place, and by what conditions. */
interface Returned {
  readonly node: Node;
  readonly when: Conditions;
}

interface Place {
  readonly node: Node;
  /** The nodes around it, from the function's body on. */
  readonly path: readonly Node[];
}

/** What a function returns itself, and not the functions in it. */
export function returnedBy(body: Node): readonly Node[] {
  return placesIn(body).map(({ node }) => node);
}

/** The same, with the conditions by which it comes to that. */
export function returnsOf({ node, module }: Located): readonly Returned[] {
  return placesIn(node['body'] as Node).map((each) => ({
    node: each.node,
    when: conditionsOfReturn(each.path, module.bindings),
  }));
}

function placesIn(body: Node): readonly Place[] {
  const known = PLACES.get(body);
  if (known !== undefined) return known;
  const found: Place[] = [];
  if (body.type !== 'BlockStatement' && body.type !== 'FunctionBody') {
    found.push({ node: body, path: [] });
  } else {
    visit(body, (node, around) => {
      if (node.type !== 'ReturnStatement' || !node['argument']) return;
      if (around.some(({ type }) => /Function(?!Body)/.test(type))) return;
      found.push({ node: node['argument'] as Node, path: [...around, node] });
    });
  }
  PLACES.set(body, found);
  return found;
}

const PLACES = new WeakMap<Node, readonly Place[]>();
