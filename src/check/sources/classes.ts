import type { Located, Module } from './modules.ts';
import { keyOf, methodOf, type Node, unwrapped } from './nodes.ts';
import { typeOf } from './type-values.ts';

/** A member of a class and the module that it stands in. */
export interface LocatedMember {
  readonly value: Node | null;
  readonly type: Node | null;
  readonly module: Module;
}

/** The function that a call is of: of this file or another one, a method of `this` or of an object of a class. */
export function functionOf(module: Module, callee: Node): Located | null {
  const own = callee.type === 'MemberExpression' ? module.ofThis(callee)?.value : null;
  const found = own
    ? { node: unwrapped(own), module }
    : (module.constant(callee) ?? methodCalled(module, callee));
  return found !== null && /Function/.test(found.node.type) && found.node['body'] ? found : null;
}

/** The method of a class, or of one that it extends, which a call is of. */
function methodCalled(module: Module, callee: Node): Located | null {
  const key = callee.type === 'MemberExpression' ? keyOf(callee) : null;
  const type = key && classOf(module, unwrapped(callee['object'] as Node));
  for (const each of type ? lineOf(type) : []) {
    const method = methodOf(each.node, key!);
    if (method !== null) return { node: method, module: each.module };
  }
  return null;
}

/** The class that an object is of: of `this`, of what `new` has made, by the type that it is declared with. */
function classOf(module: Module, node: Node): Located | null {
  const around = module.bindings.classAround(node);
  const own = around && { node: around, module };
  if (node.type === 'ThisExpression') return own;
  if (node.type === 'Super') return own && extended(own);
  const key = node.type === 'MemberExpression' ? keyOf(node) : null;
  if (own && key !== null && unwrapped(node['object'] as Node).type === 'ThisExpression') {
    for (const each of lineOf(own)) {
      const member = each.module.bindings.memberOf(each.node, key);
      if (member === null) continue;
      return member.value === null
        ? classNamed(each.module, member.type)
        : classMade(each.module, unwrapped(member.value));
    }
  }
  const constant = module.constant(node) ?? { node, module };
  return classMade(constant.module, constant.node) ?? classOfType(typeOf(node, module));
}

function classMade(module: Module, node: Node): Located | null {
  if (node.type === 'ClassDeclaration') return { node, module };
  return node.type === 'NewExpression' ? classBy(module, node['callee'] as Node) : null;
}

function classOfType(type: Located | null): Located | null {
  return type && classNamed(type.module, type.node);
}

function classNamed(module: Module, type: Node | null): Located | null {
  return type?.type === 'TSTypeReference' ? classBy(module, type['typeName'] as Node) : null;
}

/** The class that a class extends. */
function extended({ node, module }: Located): Located | null {
  const { superClass } = node as { superClass?: Node };
  return superClass ? classBy(module, superClass) : null;
}

function classBy(module: Module, name: Node): Located | null {
  const found = module.constant(unwrapped(name));
  return found?.node.type === 'ClassDeclaration' ? found : null;
}

/** What an object of a class of this project has by a name, be it of a class above. */
export function memberOfObject(module: Module, member: Node): LocatedMember | null {
  const key = keyOf(member);
  const type = key && classOf(module, unwrapped(member['object'] as Node));
  for (const each of type ? lineOf(type) : []) {
    const found = each.module.bindings.memberOf(each.node, key!);
    if (found !== null) return { ...found, module: each.module };
  }
  return null;
}

/** A class and those that it extends. */
function lineOf(type: Located): Located[] {
  const line: Located[] = [];
  for (let each: Located | null = type; each !== null && line.length < 10; ) {
    line.push(each);
    each = extended(each);
  }
  return line;
}
