import { functionOf, memberOfObject } from './classes.ts';
import { isFragment, isFragmentList } from './fragment-types.ts';
import { isSql } from './is-sql.ts';
import type { Located, Module } from './modules.ts';
import { keyOf, type Node, nameOf, unwrapped } from './nodes.ts';
import { returnedBy } from './returns.ts';
import { typeOf, typeOfBinding } from './type-values.ts';

/** Whether there is a template in lists that were looked into, and whether functions make one. */
const LOOKED_INTO = new WeakMap<Node, boolean>();

/** What makes a list or a map of another one. */
const OF_LIST =
  /^(?:Map|Set|concat|entries|filter|flat|flatMap|from|map|reverse|slice|sort|to(?:Reversed|Sorted)|values)$/;

/**
 * Whether an expression makes a `sql` template, by a function or a variable that is assigned to, or is declared
 * as one, so that its text is not known. What is not told is taken for a value.
 */
export function makesFragment({ node: value, module }: Located, depth = 0): boolean {
  const node = unwrapped(value);
  const any = (...parts: unknown[]): boolean =>
    depth < 10 &&
    parts.some((each) => each && makesFragment({ node: each as Node, module }, depth + 1));
  switch (node.type) {
    case 'TaggedTemplateExpression':
      return isSql(module, node['tag'] as Node);
    case 'ConditionalExpression':
      return any(node['consequent'], node['alternate']);
    case 'LogicalExpression':
      return any(node['left'], node['right']);
    case 'AwaitExpression':
      return any(node['argument']);
    case 'AssignmentExpression':
      return any(node['right']);
    case 'SequenceExpression':
      return any((node['expressions'] as readonly Node[]).at(-1));
    case 'Identifier': {
      const own = module.binding(node);
      if (own !== undefined) {
        const isPart = own.constant === null && own.within !== null;
        return (
          isOfType(isFragment, typeOfBinding(own, module)) ||
          any(own.constant, ...own.values) ||
          (isPart && hasFragment(own.within, module, depth + 1))
        );
      }
      const other = depth < 10 ? module.imported(nameOf(node), depth) : null;
      return other !== null && makesFragment(other, depth + 1);
    }
    case 'MemberExpression': {
      const constant = depth < 10 ? module.constant(node) : null;
      const field = depth < 10 ? memberOfObject(module, node) : null;
      if (field !== null && isFragment(field.type, field.module)) return true;
      if (field?.value && makesFragment({ node: field.value, module: field.module }, depth + 1)) {
        return true;
      }
      return (
        isOfType(isFragment, typeOf(node, module)) ||
        any(module.ofThis(node)?.value) ||
        (node['computed'] === true && hasFragment(node['object'] as Node, module, depth + 1)) ||
        (constant !== null && makesFragment(constant, depth + 1))
      );
    }
    case 'CallExpression': {
      // Of helpers json alone makes a value; `list.reduce((all, each) => sql`…`)` makes what its function does.
      const callee = node['callee'] as Node;
      const isHelper =
        callee.type === 'MemberExpression' && isSql(module, callee['object'] as Node);
      if (isHelper) return nameOf(callee['property']) !== 'json';
      const isOfList =
        callee.type === 'MemberExpression' &&
        /^(?:at|find|findLast|get|pop|shift)$/.test(keyOf(callee) ?? '');
      if (isOfList && hasFragment(callee['object'] as Node, module, depth + 1)) return true;
      const functions = (node['arguments'] as readonly Node[]).filter((each) =>
        /Function/.test(each.type),
      );
      const made = depth < 10 ? functionOf(module, unwrapped(callee)) : null;
      return (made !== null && makesFragment(made, depth + 1)) || any(callee, ...functions);
    }
    case 'ArrowFunctionExpression':
    case 'FunctionExpression':
    case 'FunctionDeclaration':
    case 'TSDeclareFunction':
      return returnsFragment(node, module);
    default:
      return false;
  }
}

function isOfType(is: (node: Node, module: Module) => boolean, type: Located | null): boolean {
  return type !== null && is(type.node, type.module);
}

/** Whether a function does, each looked into once: one may call itself. */
function returnsFragment(node: Node, module: Module): boolean {
  const known = LOOKED_INTO.get(node);
  if (known !== undefined) return known;
  LOOKED_INTO.set(node, false);
  const body = (node['body'] ?? null) as Node | null;
  const found =
    isFragment((node['returnType'] ?? null) as Node | null, module) ||
    (body !== null && returnedBy(body).some((each) => makesFragment({ node: each, module })));
  LOOKED_INTO.set(node, found);
  return found;
}

/** Whether there is a `sql` template in a list, an object or a map, or in what one is made of. */
function hasFragment(value: Node, module: Module, depth: number): boolean {
  const node = unwrapped(value);
  const known = LOOKED_INTO.get(node);
  if (known !== undefined) return known;
  // What is made of itself has none by that.
  LOOKED_INTO.set(node, false);
  const found = looksForFragment(node, module, depth);
  LOOKED_INTO.set(node, found);
  return found;
}

function looksForFragment(node: Node, module: Module, depth: number): boolean {
  const has = (each: unknown): boolean => {
    if (!each || depth > 6) return false;
    const inner = each as Node;
    return (
      makesFragment({ node: inner, module }, depth + 1) || hasFragment(inner, module, depth + 1)
    );
  };
  switch (node.type) {
    case 'ArrayExpression':
      return (node['elements'] as readonly unknown[]).some(has);
    case 'ObjectExpression':
      return (node['properties'] as readonly Node[]).some((each) => has(each['value']));
    case 'SpreadElement':
      return has(node['argument']);
    case 'NewExpression':
    case 'CallExpression': {
      // What is made of a list: not the rows of a query, which is given as a template.
      const callee = node['callee'] as Node;
      const isMember = callee.type === 'MemberExpression';
      const isOfList = OF_LIST.test((isMember ? keyOf(callee) : nameOf(callee)) ?? '');
      const parts = [isMember && callee['object'], ...(node['arguments'] as readonly Node[])];
      return isOfList && parts.some(has);
    }
    case 'Identifier': {
      const own = module.binding(node);
      if (own === undefined) {
        const other = depth < 10 ? module.imported(nameOf(node), depth) : null;
        return other !== null && hasFragment(other.node, other.module, depth + 1);
      }
      const added = own.added.map((each) => each.node);
      return (
        isOfType(isFragmentList, typeOfBinding(own, module)) ||
        [own.constant, ...own.values, ...added].some(has)
      );
    }
    default:
      return isOfType(isFragmentList, typeOf(node, module));
  }
}
