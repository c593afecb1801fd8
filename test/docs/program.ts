import * as cluster from '../../src/cluster/index.ts';
import * as asyncpg from '../../src/index.ts';
import { entries } from '../../tools/entries.ts';
import type { Block } from './blocks.ts';

/** The modules that a block may import by the package's name, and what stands in for them here. */
const MODULES: ReadonlyMap<string, string> = new Map([
  ...entries.map(({ specifier, source }) => [specifier, `../../../${source}`] as const),
  ['asyncpg', '../asyncpg.ts'],
  // Files that readers have copied.
  ...['cube', 'geometry', 'vector'].map(
    (name) => [`./${name}.ts`, `../../../examples/extensions/${name}.ts`] as const,
  ),
]);

/** What a block may use without saying where it comes from. */
const GIVEN: ReadonlyMap<string, string> = new Map([
  ['pool', 'await using pool = await createPool({ minSize: 0 });'],
  ['connection', 'await using connection = await connect();'],
]);

/** Names that a block may use without importing them, by module. */
const EXPORTS: readonly (readonly [module: string, names: readonly string[]])[] = [
  ['asyncpg', [...Object.keys(asyncpg), 'type Pool', 'type PoolConnection', 'type Row']],
  ['asyncpg/cluster', Object.keys(cluster)],
];

/**
 * The module that runs a block: what it imports and is given on one line, then its code, whose
 * first line is therefore the second. Each `// → value` becomes a comparison.
 */
export function programOf({ code }: Block): string {
  const given = [...GIVEN].filter(([name]) => uses(code, name) && !declares(code, name));
  const preamble = given.map(([, declaration]) => declaration).join(' ');
  const head = `${preamble} ${code}`;
  const imports = EXPORTS.map(([module, names]) => {
    const missing = names.filter((each) => {
      const name = each.replace('type ', '');
      return uses(head, name) && !imported(code, name);
    });
    return missing.length === 0 ? '' : `import { ${missing.join(', ')} } from '${module}'; `;
  });
  const text =
    `import { printed } from '../printed.ts'; export {}; ${imports.join('')}${preamble}\n` +
    withComparisons(code);
  return text.replace(
    /\bfrom '(asyncpg[\w/]*|\.\/(?:cube|geometry|vector)\.ts)'/g,
    (whole, module) => (MODULES.has(module) ? `from '${MODULES.get(module)}'` : whole),
  );
}

function uses(code: string, name: string): boolean {
  return new RegExp(`(?<![\\w.'"\`-])${name}(?![\\w'"-]|:)`).test(code);
}

function declares(code: string, name: string): boolean {
  return new RegExp(
    `\\b(?:const|let|using|function|class)\\s+${name}\\b|[(,]\\s*${name}\\s*(?::\\s*\\w+)?\\s*[,)][^;]*=>`,
  ).test(code);
}

function imported(code: string, name: string): boolean {
  return (
    new RegExp(`^import[^;]*\\b${name}\\b[^;]*from `, 'm').test(code) ||
    new RegExp(`\\b(?:class|const|type|interface|function)\\s+${name}\\b`).test(code)
  );
}

const DECLARATION = /^\s*(?:export )?(?:const|let|await using) (\w+)\b/;

/** What a block says behind `// →`. All of it is compared when the block runs. */
export function expectationsOf({ code }: Block): string[] {
  return [...code.matchAll(/\/\/ → (.*)$/gm)].map(([, expected = '']) => expected);
}

/** `console.log(x); // → 1` and `const x = …; // → 1` say what is true: see printed.ts. */
function withComparisons(code: string): string {
  const declared: { name: string; indent: number }[] = [];
  return code
    .split('\n')
    .map((line) => {
      const indent = line.search(/\S/);
      const declaration = DECLARATION.exec(line);
      if (declaration !== null) declared.push({ name: declaration[1]!, indent });
      const said = /^(.*?)\s*\/\/ → (.*)$/.exec(line);
      if (said === null) return line;
      const [, before = '', expected = ''] = said;
      const literal = JSON.stringify(expected);
      const log = /^(\s*)console\.log\((.*)\);$/.exec(before);
      if (log !== null) return `${log[1]}printed(${literal}, [${log[2]}]);`;
      const subject = declared.findLast((each) => each.indent <= indent);
      if (subject === undefined || !before.endsWith(';')) {
        throw new Error(`nothing to compare with: ${line}`);
      }
      return `${before} printed(${literal}, ${subject.name});`;
    })
    .join('\n');
}
