import { type Node, nameOf, propertyName } from './nodes.ts';
import { annotationOf } from './types.ts';

/** A type, or a property of it: of `{ page: { order } }: Options` that at `page` and `order`. */
export interface DeclaredType {
  readonly node: Node;
  readonly keys: readonly string[];
}

/** A name in a pattern. */
interface Part {
  readonly name: string;
  readonly type: DeclaredType | null;
  /** What it is where nothing is given. */
  readonly fallback: Node | null;
  /** The properties that lead to it; null where others do, as of a list. */
  readonly keys: readonly Node[] | null;
}

/** The names that a pattern gives something to, with their types, and what they are where nothing is given. */
export function partsOf(
  pattern: Node,
  type: DeclaredType | null = null,
  fallback: Node | null = null,
  keys: readonly Node[] | null = [],
): Part[] {
  const declared = annotationOf(pattern);
  const own = declared === null ? type : { node: declared, keys: [] };
  switch (pattern.type) {
    case 'Identifier':
      return [{ name: nameOf(pattern), type: own, fallback, keys }];
    case 'ObjectPattern':
      return (pattern['properties'] as Node[]).flatMap((each) => {
        if (each.type !== 'Property') return partsOf(each, undefined, null, null);
        const key = propertyName(each);
        const inner = key === null ? null : (keys?.concat(each['key'] as Node) ?? null);
        const typeOfKey =
          key === null || own === null ? null : { ...own, keys: [...own.keys, key] };
        return partsOf(each['value'] as Node, typeOfKey, null, inner);
      });
    case 'ArrayPattern':
      return (pattern['elements'] as (Node | null)[]).flatMap((each, index) => {
        if (each === null) return [];
        const { start, end } = each;
        const key: Node = { type: 'Literal', value: index, start, end };
        return partsOf(each, undefined, null, keys?.concat(key) ?? null);
      });
    case 'AssignmentPattern':
      return partsOf(pattern['left'] as Node, type, pattern['right'] as Node, keys);
    case 'RestElement':
      return partsOf(pattern['argument'] as Node, undefined, null, null);
    case 'TSParameterProperty':
      return partsOf(pattern['parameter'] as Node);
    default:
      return [];
  }
}

/** Only the names. */
export function namesIn(pattern: Node): string[] {
  return partsOf(pattern).map(({ name }) => name);
}
