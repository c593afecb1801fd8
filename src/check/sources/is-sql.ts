import type { Imported } from './links.ts';
import { type Module, onlyValueOf } from './modules.ts';
import { keyOf, type Node, nameOf, unwrapped } from './nodes.ts';

/** Whether an expression is the driver's `sql`, by that name, by another, or of the whole module's. */
export function isSql(module: Module, node: Node | undefined, depth = 0): boolean {
  if (node?.type === 'MemberExpression') {
    const imported = module.importOf(unwrapped(node['object'] as Node), depth);
    return keyOf(node) === 'sql' && imported?.name === '*'
      ? isSqlOf(module, { ...imported, name: 'sql' }, depth)
      : false;
  }
  return node?.type === 'Identifier' && isSqlNamed(module, nameOf(node), node, depth);
}

function isSqlNamed(module: Module, name: string, at: Node, depth: number): boolean {
  const own = module.binding(at, name);
  if (own !== undefined) {
    const value = onlyValueOf(own);
    return value !== null && depth < 10 && isSql(module, unwrapped(value), depth + 1);
  }
  const imported = module.links.imports.get(name);
  return imported === undefined ? name === 'sql' : isSqlOf(module, imported, depth);
}

/** Many packages have a `sql`: what another one's makes is no query of this driver's. */
function isSqlOf(module: Module, { from, name }: Imported, depth: number): boolean {
  if (/(?:^|[:/])asyncpg(?:$|[@/])/.test(from)) return name === 'sql';
  const other = depth < 10 ? module.other(from) : null;
  if (other !== null) return exportsSql(other, name, depth + 1);
  return name === 'sql' && !module.isInstalled(from);
}

function exportsSql(module: Module, name: string, depth: number): boolean {
  const listed = module.links.exports.get(name);
  if (listed !== undefined) {
    const { from } = listed;
    return from === null
      ? isSqlNamed(module, listed.name, module.program, depth)
      : isSqlOf(module, { from, name: listed.name }, depth);
  }
  if (module.binding(module.program, name) !== undefined) {
    return isSqlNamed(module, name, module.program, depth);
  }
  return module.links.allOf.some((from) => isSqlOf(module, { from, name }, depth));
}
