// What `start.js` exports stands in one object. V8 compiles a function when it is called first, and looks for each
// name in it that is not the function's own among the exports of the module, one after the other: with 565 of them
// that was a hundredth of what a start costs beyond an empty process.
import type { Plugin } from 'rolldown';
import { childrenOf, isNode, type Node, statementsOf } from './syntax-tree.ts';

const FILE = 'start.js';
/** The object's name. */
const OBJECT = 'start$';

const EXPORTS = /^export \{ ([^}]+) \};$/m;
const IMPORTS = new RegExp(
  `^import \\{ ([^}]+) \\} from ("(?:\\.{1,2}/)+${FILE.replace('.', '\\.')}");$`,
  'gm',
);

/** Goes before whatever else looks at imports and exports. No line is moved, so the maps stay. */
export const oneExport: Plugin = {
  name: 'one-export',
  generateBundle(_, bundle) {
    const start = bundle[FILE];
    if (start?.type !== 'chunk') throw new Error(`there is no ${FILE}`);
    // Whoever it imported would look for the object before it is there.
    const early = start.imports.filter((name) => name.endsWith('.js'));
    if (early.length > 0) throw new Error(`${FILE} imports ${early.join(', ')}`);
    start.code = inOneObject(start.code);
    for (const chunk of Object.values(bundle)) {
      if (chunk.type === 'chunk') chunk.code = fromObject(chunk.code);
    }
  },
};

/** @throws for what is assigned anew: those who have it of the object would have what it was */
export function inOneObject(code: string): string {
  return code.replace(EXPORTS, (_clause, list: string) => {
    const names = list.split(', ').map((name) => name.split(' as ') as [string, string?]);
    const assigned = assignedIn(code);
    const changing = names.filter(([local]) => assigned.has(local));
    if (changing.length > 0)
      throw new Error(`${changing.join(', ')} is exported and assigned anew`);
    const members = names.map(([local, exported = local]) =>
      exported === local ? local : `${exported}: ${local}`,
    );
    return `export const ${OBJECT} = { __proto__: null, ${members.join(', ')} };`;
  });
}

/** The same names, taken out of the object. */
export function fromObject(code: string): string {
  return code.replace(IMPORTS, (_line, list: string, file: string) => {
    const names = list.split(', ').map((name) => name.replace(' as ', ': '));
    return `import { ${OBJECT} } from ${file}; const { ${names.join(', ')} } = ${OBJECT};`;
  });
}

/** The names that anything is assigned to, wherever they stand. */
function assignedIn(code: string): ReadonlySet<string> {
  const names = new Set<string>();
  const target = (node: Node): void => {
    if (node.type === 'Identifier') names.add(node['name'] as string);
    else if (!/^(?:MemberExpression|VariableDeclaration)$/.test(node.type)) {
      childrenOf(node).forEach(target);
    }
  };
  const visit = (node: Node): void => {
    const assigned = node.type === 'UpdateExpression' ? node['argument'] : node['left'];
    if (
      /^(?:Assignment|Update)Expression$|^For(?:In|Of)Statement$/.test(node.type) &&
      isNode(assigned)
    )
      target(assigned);
    childrenOf(node).forEach(visit);
  };
  statementsOf(code, 'js').forEach(visit);
  return names;
}
