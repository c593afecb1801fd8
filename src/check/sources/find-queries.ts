import { parseSync, visitorKeys } from 'oxc-parser';
import { QueryText } from './query-text.ts';

/** A query that was found in a source. */
export interface FoundQuery {
  readonly file: string;
  readonly text: QueryText;
  /** In a `sql` template the name of `sql<'name'>`, null without one; undefined for a string. */
  readonly tag: string | null | undefined;
  /** Where the template or string begins, and ends. */
  readonly start: number;
  readonly end: number;
}

/** A query whose text is not known before the program runs. */
export interface UnknownQuery {
  readonly file: string;
  readonly start: number;
  readonly end: number;
  readonly reason: string;
}

/** What is in one source. */
export interface SourceQueries {
  readonly queries: readonly FoundQuery[];
  readonly unknown: readonly UnknownQuery[];
}

interface Node {
  readonly type: string;
  readonly start: number;
  readonly end: number;
  readonly [key: string]: unknown;
}

/** Methods of connections, pools and transactions whose first argument is a query. */
const METHODS = new Set([
  'fetch',
  'fetchRow',
  'fetchVal',
  'fetchOne',
  'fetchMany',
  'execute',
  'executeMany',
  'stream',
  'cursor',
  'prepare',
  'copyRecordsFromQuery',
]);

/** Words that a query begins with: many things have a method `fetch` or `execute`. */
const BEGINNING =
  /^(?:\s|--[^\n]*\n|\/\*[\s\S]*?\*\/|\()*(?:SELECT|INSERT|UPDATE|DELETE|MERGE|WITH|VALUES|TABLE)\b/i;

/** What a source must have in it to be worth parsing. */
const HINT = /\.(?:fetch|execute|stream|cursor|prepare|copyRecordsFromQuery)|\bsql\s*[`<]/;

/** The queries of a source, in their order. */
export function findQueries(file: string, source: string): SourceQueries {
  if (!HINT.test(source)) return { queries: [], unknown: [] };
  const { program } = parseSync(file, source);
  return new Finder(file, source).find(program as unknown as Node);
}

class Finder {
  readonly #file: string;
  readonly #source: string;
  readonly #constants = new Map<string, Node>();
  readonly #queries: FoundQuery[] = [];
  readonly #unknown: UnknownQuery[] = [];
  readonly #seen = new Set<Node>();

  constructor(file: string, source: string) {
    this.#file = file;
    this.#source = source;
  }

  find(program: Node): SourceQueries {
    visit(program, (node) => {
      // Of `const`, at any depth: a name that is there twice stands for neither.
      if (node.type !== 'VariableDeclaration' || node['kind'] !== 'const') return;
      for (const declarator of node['declarations'] as readonly Node[]) {
        const name = (declarator['id'] as Node)['name'];
        const init = declarator['init'] as Node | null;
        if (typeof name !== 'string' || init === null) continue;
        if (this.#constants.has(name)) this.#constants.set(name, NOTHING);
        else this.#constants.set(name, init);
      }
    });
    visit(program, (node) => {
      if (node.type === 'CallExpression') this.#call(node);
    });
    return { queries: this.#queries, unknown: this.#unknown };
  }

  #call(node: Node): void {
    const callee = node['callee'] as Node;
    if (callee.type !== 'MemberExpression') return;
    const method = (callee['property'] as Node)['name'];
    const argument = (node['arguments'] as readonly Node[])[0];
    if (!METHODS.has(String(method)) || argument === undefined) return;
    this.#query(unwrapped(argument));
  }

  #query(node: Node): void {
    if (node.type === 'Identifier') {
      const constant = this.#constants.get(String(node['name']));
      if (constant !== undefined) this.#query(unwrapped(constant));
      return;
    }
    if (node.type === 'ConditionalExpression') {
      this.#query(unwrapped(node['consequent'] as Node));
      this.#query(unwrapped(node['alternate'] as Node));
      return;
    }
    if (this.#seen.has(node)) return;
    this.#seen.add(node);
    if (node.type === 'TaggedTemplateExpression') {
      this.#template(node);
      return;
    }
    const text = new QueryText();
    const reason = this.#add(node, text);
    const looksLikeQuery = BEGINNING.test(text.value);
    if (reason === null && looksLikeQuery) {
      this.#found(node, text, undefined);
    } else if (reason !== null && looksLikeQuery) {
      this.#unknown.push({ file: this.#file, start: node.start, end: node.end, reason });
    }
  }

  /** Adds what an expression is as text. Tells why it is not known, or null. */
  #add(node: Node, text: QueryText): string | null {
    if (node.type === 'Literal' && typeof node['value'] === 'string') {
      text.add(node['value'], this.#source, node.start + 1);
      return null;
    }
    if (node.type === 'TemplateLiteral') {
      const quasis = node['quasis'] as readonly Node[];
      const expressions = node['expressions'] as readonly Node[];
      for (const [index, quasi] of quasis.entries()) {
        text.add(cooked(quasi), this.#source, this.#startOf(quasi));
        const expression = expressions[index];
        if (expression === undefined) continue;
        const reason = this.#add(unwrapped(expression), text);
        if (reason !== null) return reason;
      }
      return null;
    }
    if (node.type === 'BinaryExpression' && node['operator'] === '+') {
      const left = this.#add(unwrapped(node['left'] as Node), text);
      return left ?? this.#add(unwrapped(node['right'] as Node), text);
    }
    if (node.type === 'Identifier') {
      const constant = this.#constants.get(String(node['name']));
      if (constant !== undefined && constant !== NOTHING)
        return this.#add(unwrapped(constant), text);
    }
    return `${this.#source.slice(node.start, node.end)} is not known before the program runs`;
  }

  /** A `sql` template: each value becomes the next parameter. */
  #template(node: Node): void {
    const tag = node['tag'] as Node;
    if (tag.type !== 'Identifier' || tag['name'] !== 'sql') return;
    const quasi = node['quasi'] as Node;
    const text = new QueryText();
    let parameters = 0;
    for (const [index, part] of (quasi['quasis'] as readonly Node[]).entries()) {
      text.add(cooked(part), this.#source, this.#startOf(part));
      const expression = (quasi['expressions'] as readonly Node[])[index];
      if (expression === undefined) continue;
      if (this.#mayBeFragment(expression)) {
        const shown = this.#source.slice(expression.start, expression.end);
        const reason = `${shown} may be a fragment of SQL`;
        this.#unknown.push({ file: this.#file, start: node.start, end: node.end, reason });
        return;
      }
      parameters += 1;
      text.addParameter(parameters, expression.start);
    }
    if (BEGINNING.test(text.value)) this.#found(node, text, nameOf(node));
  }

  #mayBeFragment(expression: Node): boolean {
    const node = unwrapped(expression);
    if (node.type === 'TaggedTemplateExpression') return true;
    if (node.type === 'ConditionalExpression') {
      return [node['consequent'], node['alternate']].some((each) =>
        this.#mayBeFragment(each as Node),
      );
    }
    if (node.type === 'Identifier') {
      const constant = this.#constants.get(String(node['name']));
      return constant !== undefined && constant !== node && this.#isFragment(constant);
    }
    return this.#isFragment(node);
  }

  #isFragment(expression: Node): boolean {
    const node = unwrapped(expression);
    if (node.type === 'TaggedTemplateExpression') return true;
    if (node.type === 'ConditionalExpression') {
      return [node['consequent'], node['alternate']].some((each) => this.#isFragment(each as Node));
    }
    if (node.type !== 'CallExpression') return false;
    const callee = node['callee'] as Node;
    if (callee.type !== 'MemberExpression') return false;
    const isOfTag = (callee['object'] as Node)['name'] === 'sql';
    return isOfTag && (callee['property'] as Node)['name'] !== 'json';
  }

  #found(node: Node, text: QueryText, tag: string | null | undefined): void {
    this.#queries.push({ file: this.#file, text, tag, start: node.start, end: node.end });
  }

  /** Parsers differ in whether a part of a template has its quotation marks and braces. */
  #startOf(quasi: Node): number {
    return /[`}]/.test(this.#source[quasi.start] ?? '') &&
      !rawOf(quasi).startsWith(this.#source[quasi.start]!)
      ? quasi.start + 1
      : quasi.start;
  }
}

/** What a name stands for that is declared twice. */
const NOTHING: Node = { type: 'Nothing', start: 0, end: 0 };

function cooked(quasi: Node): string {
  return (quasi['value'] as { cooked: string | null }).cooked ?? '';
}

function rawOf(quasi: Node): string {
  return (quasi['value'] as { raw: string }).raw;
}

/** The name in sql<'name'>. */
function nameOf(node: Node): string | null {
  const args = (node['typeArguments'] ?? null) as Node | null;
  const first = (args?.['params'] as readonly Node[] | undefined)?.[0];
  const literal = first?.type === 'TSLiteralType' ? (first['literal'] as Node)['value'] : null;
  return typeof literal === 'string' ? literal : null;
}

/** An expression without what only the compiler reads: `as const`, `!`, brackets. */
function unwrapped(node: Node): Node {
  switch (node.type) {
    case 'TSAsExpression':
    case 'TSSatisfiesExpression':
    case 'TSNonNullExpression':
    case 'ParenthesizedExpression':
      return unwrapped(node['expression'] as Node);
    default:
      return node;
  }
}

function visit(node: Node, enter: (node: Node) => void): void {
  enter(node);
  for (const key of visitorKeys[node.type] ?? []) {
    const child = node[key];
    for (const item of Array.isArray(child) ? child : [child]) {
      if (typeof item === 'object' && item !== null && 'type' in item) visit(item as Node, enter);
    }
  }
}
