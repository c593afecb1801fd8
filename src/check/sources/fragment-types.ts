import { isSql } from './is-sql.ts';
import type { Located, Module } from './modules.ts';
import { argumentsOf, type Node, nameOf } from './nodes.ts';

/** Types that are made of another one, and are that of a template if it is. */
const WRAPPERS =
  /^(?:Awaited|Exclude|Extract|NonNullable|Partial|Promise|PromiseLike|Readonly|Required|ReturnType)$/;

/** Whether a type is that of `sql` templates, or may be, or is that of a function which returns one. */
export function isFragment(type: Node | null, module: Module, depth = 0): boolean {
  if (type === null || depth > 10) return false;
  const is = (each: unknown): boolean =>
    isFragment((each ?? null) as Node | null, module, depth + 1);
  switch (type.type) {
    case 'TSUnionType':
    case 'TSIntersectionType':
      return (type['types'] as readonly Node[]).some(is);
    case 'TSParenthesizedType':
    case 'TSTypeAnnotation':
      return is(type['typeAnnotation']);
    case 'TSFunctionType':
    case 'TSMethodSignature':
      return is(type['returnType']);
    case 'TSTypeQuery':
      return isSql(module, type['exprName'] as Node);
    case 'TSImportType':
      return nameOf(type['qualifier']) === 'SqlFragment';
    case 'TSTypeReference': {
      const typeName = type['typeName'] as Node;
      const name = nameOf(typeName['right'] ?? typeName);
      if (name === 'SqlFragment') return true;
      if (WRAPPERS.test(name)) return argumentsOf(type).some(is);
      const named = namedBy(type, module);
      return named !== null && isFragment(named.node, named.module, depth + 1);
    }
    default:
      return false;
  }
}

/** Whether a type is that of a list of them: `SqlFragment[]`, `readonly SqlFragment[]`, `Array<SqlFragment>`. */
export function isFragmentList(type: Node | null, module: Module, depth = 0): boolean {
  if (type === null || depth > 10) return false;
  switch (type.type) {
    case 'TSTypeOperator':
    case 'TSParenthesizedType':
      return isFragmentList(type['typeAnnotation'] as Node, module, depth + 1);
    case 'TSUnionType':
      return (type['types'] as readonly Node[]).some((each) =>
        isFragmentList(each, module, depth + 1),
      );
    case 'TSArrayType':
      return isFragment(type['elementType'] as Node, module);
    case 'TSTupleType':
      return (type['elementTypes'] as readonly Node[]).some((each) => isFragment(each, module));
    case 'TSTypeReference': {
      if (argumentsOf(type).some((each) => isFragment(each, module))) return true;
      const named = namedBy(type, module);
      return named !== null && isFragmentList(named.node, named.module, depth + 1);
    }
    default:
      return false;
  }
}

/** What a type stands for that is a name alone. */
function namedBy(type: Node, module: Module): Located | null {
  const name = type['typeName'] as Node;
  return name.type === 'Identifier' ? module.typeNamed(nameOf(name), type) : null;
}
