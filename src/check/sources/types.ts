import { argumentsOf, type Node, nameOf, propertyName } from './nodes.ts';
import { innermost } from './scopes.ts';

/** Types with the properties of another one. */
const OF_PROPERTIES = /^(?:Awaited|NonNullable|Omit|Partial|Pick|Readonly|Required)$/;

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

  /** The type of the property of an object of a type. */
  property(type: Node | null, name: string, depth = 0): Node | null {
    if (type === null || depth > 10) return null;
    const ofAny = (all: readonly (Node | null)[]): Node | null => {
      for (const each of all) {
        const found = this.property(each, name, depth + 1);
        if (found !== null) return found;
      }
      return null;
    };
    switch (type.type) {
      case 'TSTypeReference': {
        const named = this.named(nameOf(type['typeName']), type);
        if (named !== null) return ofAny([named]);
        const isOfFirst = OF_PROPERTIES.test(nameOf(type['typeName']));
        return isOfFirst ? ofAny(argumentsOf(type).slice(0, 1)) : null;
      }
      case 'TSParenthesizedType':
        return ofAny([type['typeAnnotation'] as Node]);
      case 'TSIntersectionType':
        return ofAny(type['types'] as readonly Node[]);
      case 'TSUnionType': {
        // It may be that of any of them; null and the like have none.
        const types = (type['types'] as readonly Node[]).flatMap((each) => ofAny([each]) ?? []);
        const [only, second] = types;
        return second === undefined ? (only ?? null) : { ...type, types };
      }
      case 'TSInterfaceDeclaration': {
        const own = propertyAmong((type['body'] as Node)['body'], name);
        const extended = (type['extends'] ?? []) as readonly Node[];
        return own ?? ofAny(extended.map((each) => this.named(nameOf(each['expression']), each)));
      }
      default:
        return propertyAmong(type['members'], name);
    }
  }

  /** What a name of a type stands for where a node is. */
  named(name: string, at: Node): Node | null {
    return innermost(this.#types.get(name), at)?.type ?? null;
  }

  /** The texts that a type is made of; null for any other type. */
  literals(type: Node | null, depth = 0): readonly string[] | null {
    if (type?.type === 'TSTypeReference' && depth < 10) {
      return this.literals(this.named(nameOf(type['typeName']), type), depth + 1);
    }
    if (type?.type === 'TSUnionType') {
      const all = (type['types'] as readonly Node[]).map((each) => this.literals(each, depth + 1));
      return all.every((each) => each !== null) ? all.flat() : null;
    }
    const value = type?.type === 'TSLiteralType' ? (type['literal'] as Node)['value'] : null;
    return typeof value === 'string' ? [value] : null;
  }
}

/** The type of a property among the members of a type; of a method its signature. */
function propertyAmong(members: unknown, name: string): Node | null {
  const member = ((members ?? []) as readonly Node[]).find(
    (each) => /^TS(?:Property|Method)Signature$/.test(each.type) && propertyName(each) === name,
  );
  if (member === undefined) return null;
  return member.type === 'TSMethodSignature' ? member : typeOf(member);
}

/** The type that a variable, a parameter or a field is declared with. */
export function typeOf(node: Node): Node | null {
  const annotation = (node['typeAnnotation'] ?? null) as Node | null;
  return (annotation?.['typeAnnotation'] ?? null) as Node | null;
}
