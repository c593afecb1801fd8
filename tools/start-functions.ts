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
import { root } from './entries.ts';
import { childrenOf, isNode, type Node, statementsOf } from './syntax-tree.ts';

export const LIST = path.join(root, 'tools/start-functions.json');

/** Whether V8 is to compile late whatever is called, as `profile-start.ts` asks. */
export const isAllLazy = process.argv.includes('--all-lazy');

/** A function of a source. */
export interface Found {
  /** Its own name; or that of what it is in, and which of the functions without a name there it is. */
  readonly name: string;
  readonly node: Node;
  /** The statement that declares it at the top of its module; null for an arrow function. */
  readonly statement: Node | null;
}

function nameOf(node: Node): string | null {
  const named = node['id'] ?? node['key'];
  return isNode(named) && typeof named['name'] === 'string' ? named['name'] : null;
}

/** What a statement declares, exported or not. */
function declared(statement: Node): Node {
  const { declaration } = statement;
  return isNode(declaration) ? declaration : statement;
}

/** What gives the functions in it a name. */
const NAMING = /Function|Method|Class|VariableDeclarator|Property/;

/** The functions at the top of a module that have a name, and all arrow functions. */
export function functionsOf(source: string): Found[] {
  return functionsIn(statementsOf(source, 'ts'));
}

function functionsIn(statements: readonly Node[]): Found[] {
  const found: Found[] = [];
  const counts = new Map<string, number>();
  const visit = (node: Node, within: string): void => {
    const own = nameOf(node);
    let inner = within;
    if (node.type === 'ArrowFunctionExpression') {
      const count = counts.get(within) ?? 0;
      counts.set(within, count + 1);
      inner = `${within}~${count}`;
      found.push({ name: inner, node, statement: null });
    } else if (own !== null && NAMING.test(node.type)) {
      inner = within === '' ? own : `${within}.${own}`;
    }
    for (const child of childrenOf(node)) visit(child, inner);
  };
  for (const statement of statements) {
    const node = declared(statement);
    const name = nameOf(node);
    if (node.type === 'FunctionDeclaration' && name !== null) found.push({ name, node, statement });
    visit(statement, '');
  }
  return found;
}

/**
 * The source with these functions in parentheses; null if it has none of them.
 *
 * @param onGone is told of those that it has not
 */
export function inParentheses(
  source: string,
  names: ReadonlySet<string>,
  onGone: (names: readonly string[]) => void = () => {},
): MagicString | null {
  const statements = statementsOf(source, 'ts');
  const wanted = functionsIn(statements).filter(({ name }) => names.has(name));
  const there = new Set(wanted.map(({ name }) => name));
  if (there.size < names.size) onGone([...names].filter((name) => !there.has(name)));
  if (wanted.length === 0) return null;
  const text = new MagicString(source);
  // A declaration can be called above it. A variable has to stand there: behind the imports.
  const head = statements.findLast(({ type }) => type === 'ImportDeclaration')?.end ?? 0;
  for (const { name, node, statement } of wanted) {
    if (statement === null) {
      text.appendRight(node.start, '(').prependLeft(node.end, ')');
      continue;
    }
    text.appendRight(node.start, `var ${name} = (`).prependLeft(node.end, ');\n');
    text.move(statement.start, statement.end, head);
    for (const other of statements) {
      const overload = declared(other);
      const isItsOwn = overload.type === 'TSDeclareFunction' && nameOf(overload) === name;
      if (isItsOwn) text.remove(other.start, other.end);
    }
  }
  return text;
}

export type StartFunctions = Readonly<Record<string, readonly string[]>>;

/** Has the functions of the list compiled with their files, unless the build is one to find them by. */
export function startFunctions(): Plugin[] {
  if (isAllLazy) return [];
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
          const text = inParentheses(source, new Set(names), (gone) => {
            this.warn(`${id} has no ${gone.join(', ')}: npm run profile:start`);
          });
          if (text === null) return null;
          return { code: text.toString(), map: text.generateMap({ hires: true }).toString() };
        },
      },
    },
  ];
}
