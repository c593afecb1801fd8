import type { Node } from './nodes.ts';
import { innermost } from './scopes.ts';

/** The types that a file gives names to. */
export class Types {
  /** By its name an interface, what a name is an alias of, or what a type parameter extends. */
  readonly #types = new Map<string, { readonly scope: Node; readonly type: Node | null }[]>();

  /** @param scope the node that the name is known in */
  add(name: string, scope: Node, type: Node | null): void {
    const all = this.#types.get(name) ?? [];
    this.#types.set(name, all);
    all.push({ scope, type });
  }

  /** What a name of a type stands for where a node is. */
  named(name: string, at: Node): Node | null {
    return innermost(this.#types.get(name), at)?.type ?? null;
  }
}

/** The type that a variable, a parameter or a field is declared with. */
export function annotationOf(node: Node): Node | null {
  const annotation = (node['typeAnnotation'] ?? null) as Node | null;
  return (annotation?.['typeAnnotation'] ?? null) as Node | null;
}
