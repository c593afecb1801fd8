import type { Binding } from './bindings.ts';
import type { Located, Module } from './modules.ts';
import { argumentsOf, keyOf, type Node, nameOf, propertyName, unwrapped } from './nodes.ts';
import { annotationOf } from './types.ts';

/** Types with the properties of another one. */
const OF_PROPERTIES = /^(?:Awaited|NonNullable|Omit|Partial|Pick|Readonly|Required)$/;

/** How far types that lead to others are followed. */
const DEEPEST = 10;

/** The type that a variable or a field is declared with, or a property of what is; null where that is not told. */
export function typeOf(node: Node, module: Module): Located | null {
  if (node.type === 'Identifier') {
    const own = module.binding(node);
    return own === undefined ? null : typeOfBinding(own, module);
  }
  const key = node.type === 'MemberExpression' ? keyOf(node) : null;
  if (key === null) return null;
  const own = module.ofThis(node);
  if (own !== null) return own.type && { node: own.type, module };
  return propertyOf(typeOf(unwrapped(node['object'] as Node), module), key);
}

/** The type of what a name stands for: what it is declared with, or a part of that where a pattern takes it apart. */
export function typeOfBinding({ type }: Binding, module: Module): Located | null {
  if (type === null) return null;
  return type.keys.reduce<Located | null>((whole, key) => whole && propertyOf(whole, key), {
    node: type.node,
    module,
  });
}

/** The texts that the type of a variable or a field lets it be: `order: 'ASC' | 'DESC'`. */
export function literalsOf(node: Node, module: Module): ReadonlyMap<string, null> | null {
  const type = typeOf(node, module);
  const literals = type && literalsIn(type);
  return literals && new Map(literals.map((each) => [each, null]));
}

/** The type of the property of an object of a type. */
function propertyOf(type: Located | null, name: string, depth = 0): Located | null {
  if (type === null || depth > DEEPEST) return null;
  const { node, module } = type;
  const ofAny = (all: readonly (Located | null)[]): Located | null => {
    for (const each of all) {
      const found = propertyOf(each, name, depth + 1);
      if (found !== null) return found;
    }
    return null;
  };
  const here = (each: unknown): Located => ({ node: each as Node, module });
  switch (node.type) {
    case 'TSTypeReference': {
      const named = namedBy(type);
      if (named !== null) return ofAny([named]);
      const isOfFirst = OF_PROPERTIES.test(nameOf(node['typeName']));
      return isOfFirst ? ofAny(argumentsOf(node).slice(0, 1).map(here)) : null;
    }
    case 'TSParenthesizedType':
      return ofAny([here(node['typeAnnotation'])]);
    case 'TSIntersectionType':
      return ofAny((node['types'] as readonly Node[]).map(here));
    case 'TSUnionType': {
      // It may be that of any of them; null and the like have none.
      const [only, ...others] = (node['types'] as readonly Node[]).flatMap(
        (each) => ofAny([here(each)]) ?? [],
      );
      if (only === undefined || others.length === 0) return only ?? null;
      const isOfOne = others.every((each) => each.module === only.module);
      const types = [only, ...others].map((each) => each.node);
      return isOfOne ? { node: { ...node, types }, module: only.module } : null;
    }
    case 'TSInterfaceDeclaration': {
      const own = propertyAmong((node['body'] as Node)['body'], name);
      const extended = (node['extends'] ?? []) as readonly Node[];
      return own
        ? here(own)
        : ofAny(extended.map((each) => module.typeNamed(nameOf(each['expression']), each)));
    }
    default: {
      const own = propertyAmong(node['members'], name);
      return own && here(own);
    }
  }
}

/** The type of a property among the members of a type; of a method its signature. */
function propertyAmong(members: unknown, name: string): Node | null {
  const member = ((members ?? []) as readonly Node[]).find(
    (each) => /^TS(?:Property|Method)Signature$/.test(each.type) && propertyName(each) === name,
  );
  if (member === undefined) return null;
  return member.type === 'TSMethodSignature' ? member : annotationOf(member);
}

/** What a type stands for that is a name alone. */
function namedBy({ node, module }: Located): Located | null {
  const name = node['typeName'] as Node;
  return name.type === 'Identifier' ? module.typeNamed(nameOf(name), node) : null;
}

/** The texts that a type is made of; null for any other type. */
function literalsIn(type: Located, depth = 0): readonly string[] | null {
  if (depth > DEEPEST) return null;
  const { node, module } = type;
  const of = (each: unknown): readonly string[] | null =>
    literalsIn({ node: each as Node, module }, depth + 1);
  switch (node.type) {
    case 'TSLiteralType': {
      const { value } = node['literal'] as Node;
      return typeof value === 'string' ? [value] : null;
    }
    case 'TSParenthesizedType':
      return of(node['typeAnnotation']);
    case 'TSUnionType': {
      // What is not there is written into no text: `dir ?? 'ASC'`.
      const types = (node['types'] as readonly Node[]).filter(
        (each) => !/^TS(?:Undefined|Null)Keyword$/.test(each.type),
      );
      return all(types.map(of));
    }
    case 'TSTypeOperator':
      return node['operator'] === 'keyof'
        ? keysOf({ node: node['typeAnnotation'] as Node, module }, depth + 1)
        : of(node['typeAnnotation']);
    case 'TSTypeQuery':
      return textsOfValue(valueAskedFor(type));
    case 'TSIndexedAccessType':
      return ofIndexed(type, depth + 1);
    case 'TSTypeReference': {
      const named = namedBy(type);
      if (named !== null) return literalsIn(named, depth + 1);
      const [first, second] = argumentsOf(node);
      const name = nameOf(node['typeName']);
      if (first === undefined) return ofEnum(module.constant(node['typeName'] as Node));
      if (/^(?:NonNullable|Readonly)$/.test(name)) return of(first);
      if (second === undefined || !/^(?:Exclude|Extract)$/.test(name)) return null;
      const [one, other] = [of(first), of(second)];
      return one && other && one.filter((each) => other.includes(each) === (name === 'Extract'));
    }
    default:
      return null;
  }
}

function all(parts: readonly (readonly string[] | null)[]): readonly string[] | null {
  const known = parts.filter((each) => each !== null);
  return known.length === parts.length ? [...new Set(known.flat())] : null;
}

/** The names of what an object of a type has. */
function keysOf({ node, module }: Located, depth: number): readonly string[] | null {
  if (depth > DEEPEST) return null;
  switch (node.type) {
    case 'TSParenthesizedType':
      return keysOf({ node: node['typeAnnotation'] as Node, module }, depth + 1);
    case 'TSTypeQuery': {
      const object = valueAskedFor({ node, module });
      return object?.node.type === 'ObjectExpression' ? namesOf(object.node['properties']) : null;
    }
    case 'TSTypeReference': {
      const named = namedBy({ node, module });
      return named && keysOf(named, depth + 1);
    }
    case 'TSTypeLiteral':
      return namesOf(node['members']);
    case 'TSInterfaceDeclaration': {
      const isExtended = ((node['extends'] ?? []) as readonly Node[]).length > 0;
      return isExtended ? null : namesOf((node['body'] as Node)['body']);
    }
    default:
      return null;
  }
}

/** The names of members, if all have one. */
function namesOf(members: unknown): readonly string[] | null {
  const names = (members as readonly Node[]).map(propertyName);
  return names.length > 0 && names.every((each) => each !== null) ? names : null;
}

/** `(typeof SORTS)[number]`, `(typeof BY)[keyof typeof BY]`, `Options['order']`. */
function ofIndexed({ node, module }: Located, depth: number): readonly string[] | null {
  const object = withoutBrackets(node['objectType'] as Node);
  const index = node['indexType'] as Node;
  const value = object.type === 'TSTypeQuery' ? valueAskedFor({ node: object, module }) : null;
  if (value?.node.type === 'ArrayExpression') {
    const items = (value.node['elements'] ?? []) as readonly (Node | null)[];
    if (index.type !== 'TSNumberKeyword' || !isConst(value)) return null;
    return all(
      items.map((each) => each && textsOfValue({ node: unwrapped(each), module: value.module })),
    );
  }
  const keys = literalsIn({ node: index, module }, depth);
  if (keys === null) return null;
  if (value?.node.type === 'ObjectExpression') {
    if (!isConst(value)) return null;
    const properties = value.node['properties'] as readonly Node[];
    return all(
      keys.map((key) => {
        const found = properties.find((each) => propertyName(each) === key)?.['value'];
        return found
          ? textsOfValue({ node: unwrapped(found as Node), module: value.module })
          : null;
      }),
    );
  }
  return all(
    keys.map((key) => {
      const property = propertyOf({ node: object, module }, key);
      return property && literalsIn(property, depth);
    }),
  );
}

function withoutBrackets(type: Node): Node {
  return type.type === 'TSParenthesizedType'
    ? withoutBrackets(type['typeAnnotation'] as Node)
    : type;
}

/** What `typeof name` is the type of. */
function valueAskedFor({ node, module }: Located): Located | null {
  const name = node['exprName'] as Node;
  return name.type === 'Identifier' ? module.constant(name) : null;
}

/** Whether the compiler takes its texts as they are: `as const`. */
function isConst({ node, module }: Located): boolean {
  return /^\s*as\s+const\b/.test(module.source.slice(node.end));
}

function textsOfValue(value: Located | null): readonly string[] | null {
  if (value === null) return null;
  const { node, module } = value;
  const own = node.type === 'Identifier' ? module.constant(node) : value;
  const text = own?.node['value'];
  return typeof text === 'string' ? [text] : null;
}

/** The texts of an enum's members. */
function ofEnum(declared: Located | null): readonly string[] | null {
  if (declared?.node.type !== 'TSEnumDeclaration') return null;
  const members = (declared.node['body'] as Node)['members'] as readonly Node[];
  return all(
    members.map(({ initializer }) =>
      initializer ? textsOfValue({ node: initializer as Node, module: declared.module }) : null,
    ),
  );
}
