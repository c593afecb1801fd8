// The functions that every program runs which connects and asks a query, and how the build has them compiled
// with their file. V8 reads a function twice otherwise: to find where it ends, and when it is called first, which
// costs 10 to 30 us each. It compiles at once what is in parentheses, as that is likely to be called
// (https://v8.dev/blog/preparser, "Optimizing the parsing of functions"). Methods cannot be had so.
//
// `start-functions.json` has them by their files, as `profile-start.ts` has found them.
import { readFileSync } from 'node:fs';
import path from 'node:path';
import MagicString from 'magic-string';
import type { Plugin } from 'rolldown';
import { parseAst } from 'rolldown/parseAst';
import { root } from './entries.ts';

export const LIST = path.join(root, 'tools/start-functions.json');

/** A function of a source. */
export interface Found {
  /** Its own name; or that of what it is in, and which of the functions without a name there it is. */
  readonly name: string;
  readonly node: Node;
  /** The statement that declares it at the top of its module; null for an arrow function. */
  readonly statement: Node | null;
}

interface Node {
  readonly type: string;
  readonly start: number;
  readonly end: number;
  readonly [key: string]: unknown;
}

function isNode(value: unknown): value is Node {
  return typeof value === 'object' && value !== null && 'type' in value && 'start' in value;
}

function nameOf(node: Node): string | null {
  const named = node['id'] ?? node['key'];
  return isNode(named) && typeof named['name'] === 'string' ? named['name'] : null;
}

/** The functions at the top of a module that have a name, and all arrow functions. */
export function functionsOf(source: string): Found[] {
  const found: Found[] = [];
  const counts = new Map<string, number>();
  const visit = (node: Node, within: string, top: Node | null): void => {
    const own = nameOf(node);
    let inner = within;
    if (node.type === 'ArrowFunctionExpression') {
      const count = counts.get(within) ?? 0;
      counts.set(within, count + 1);
      inner = `${within}~${count}`;
      found.push({ name: inner, node, statement: null });
    } else if (
      own !== null &&
      /Function|Method|Class|VariableDeclarator|Property/.test(node.type)
    ) {
      inner = within === '' ? own : `${within}.${own}`;
      if (node.type === 'FunctionDeclaration' && top !== null) {
        found.push({ name: inner, node, statement: top });
      }
    }
    const isExport = node.type === 'ExportNamedDeclaration';
    for (const value of Object.values(node)) {
      for (const child of Array.isArray(value) ? value : [value]) {
        if (isNode(child)) visit(child, inner, isExport && top !== null ? top : null);
      }
    }
  };
  const { body } = parseAst(source, { lang: 'ts' }) as unknown as { body: Node[] };
  for (const statement of body) visit(statement, '', statement);
  return found;
}

/** Where the functions of a module may stand: behind its imports, and before all that may call them. */
function headOf(source: string): number {
  const { body } = parseAst(source, { lang: 'ts' }) as unknown as { body: Node[] };
  return body.findLast(({ type }) => type === 'ImportDeclaration')?.end ?? 0;
}

/** The source with these functions in parentheses; null if it has none of them. */
export function inParentheses(source: string, names: ReadonlySet<string>): MagicString | null {
  const wanted = functionsOf(source).filter(({ name }) => names.has(name));
  if (wanted.length === 0) return null;
  const text = new MagicString(source);
  const head = headOf(source);
  for (const { name, node, statement } of wanted) {
    if (statement === null) {
      text.appendRight(node.start, '(').prependLeft(node.end, ')');
      continue;
    }
    // A declaration can be called above it; a variable has to stand there.
    text.appendRight(node.start, `var ${name} = (`).prependLeft(node.end, ');\n');
    text.move(statement.start, statement.end, head);
    for (const overload of overloadsOf(source, name)) text.remove(overload.start, overload.end);
  }
  return text;
}

/** The declarations of a function's types, which have no body. */
function overloadsOf(source: string, name: string): Node[] {
  const { body } = parseAst(source, { lang: 'ts' }) as unknown as { body: Node[] };
  return body.filter((statement) => {
    const { declaration } = statement;
    const declared = isNode(declaration) ? declaration : statement;
    return declared.type === 'TSDeclareFunction' && nameOf(declared) === name;
  });
}

export type StartFunctions = Readonly<Record<string, readonly string[]>>;

/** Has the functions of the list compiled with their files, unless the build is one to find them by. */
export function startFunctions(): Plugin[] {
  if (process.argv.includes('--all-lazy')) return [];
  const list = JSON.parse(readFileSync(LIST, 'utf8')) as StartFunctions;
  return [
    {
      name: 'start-functions',
      transform: {
        order: 'pre',
        filter: { id: /src[/\\].+\.ts$/ },
        handler(source, id) {
          const names = list[path.relative(root, id).replaceAll(path.sep, '/')];
          if (names === undefined) return null;
          const there = functionsOf(source).map(({ name }) => name);
          const gone = names.filter((name) => !there.includes(name));
          if (gone.length > 0) this.warn(`${id} has no ${gone.join(', ')}: npm run profile:start`);
          const text = inParentheses(source, new Set(names));
          if (text === null) return null;
          return { code: text.toString(), map: text.generateMap({ hires: true }).toString() };
        },
      },
    },
  ];
}
