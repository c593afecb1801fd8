import type { Node } from './nodes.ts';

/** Of what has a name the one that is known where a node is: the inner one of two, and of two in one place the later one. */
export function innermost<T extends { readonly scope: Node }>(
  all: readonly T[] | undefined,
  at: Node,
): T | undefined {
  return all
    ?.filter(({ scope }) => scope.type === 'Program' || isAround(scope, at))
    .reduce<T | undefined>(
      (inner, each) =>
        inner && inner.scope !== each.scope && isAround(each.scope, inner.scope) ? inner : each,
      undefined,
    );
}

export function isAround(outer: Node, inner: Node): boolean {
  return outer.start <= inner.start && inner.end <= outer.end;
}
