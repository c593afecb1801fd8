import { NotKnown, possibleOf } from './alternatives.ts';
import { functionOf } from './classes.ts';
import type { Conditions } from './conditions.ts';
import { decidedAt, NOTHING_DECIDED, ruledOut, withTest } from './decisions.ts';
import { alternativesOf, alternativesOfHelper, isTemplate } from './fragments.ts';
import { helperOf } from './helpers.ts';
import { isStatement } from './is-statement.ts';
import { chosenTemplates, fallbackOf, madeByMap, queryOfObject, templatesOf } from './leads-to.ts';
import { itemsOf } from './lists.ts';
import { type Located, type Module, Modules } from './modules.ts';
import { type Node, propertyName, unwrapped, visit } from './nodes.ts';
import { handsOn, METHODS, methodOf, queryCallOf } from './query-methods.ts';
import { beginningOf, textsOf } from './texts.ts';
import { type Variant, variantOf } from './variant.ts';
import { type WrittenStatement, writtenStatements } from './written-statements.ts';
import { elementsOf } from './written-values.ts';

/** A query that was found in a source. */
export interface FoundQuery {
  readonly file: string;
  readonly source: string;
  readonly variants: readonly Variant[];
  /** In a `sql` template the name of `sql<'name'>`, null without one; undefined for a string. */
  readonly tag: string | null | undefined;
  /** Where a template without a name and without a type takes one, and which one would fit. */
  readonly nameGoes: { readonly at: number; readonly name: string } | null;
  /** The method that it is given to. */
  readonly method: string;
  /** The call that it is given to lies in a loop, and so is made many times. */
  readonly isInLoop: boolean;
  /** Where the template or string begins, and ends. */
  readonly start: number;
  readonly end: number;
}

/** A query whose text is not known before the program runs. */
interface UnknownQuery {
  readonly file: string;
  readonly source: string;
  readonly start: number;
  readonly reason: string;
  /** The query's text ahead of what is not known, as far as there is one. */
  readonly before: string;
}

/** What is in one source. */
export interface SourceQueries {
  readonly queries: readonly FoundQuery[];
  readonly unknown: readonly UnknownQuery[];
  /** Texts that the compiler takes for possible, and that the program cannot send. */
  readonly impossible: readonly string[];
  /** Other files that names were looked up in. */
  readonly uses: readonly string[];
  /** Queries that are written in it, be they found or not. */
  readonly written: readonly WrittenStatement[];
}

/** What a source must have in it to be worth parsing. */
const HINT =
  /\b(?:fetch|execute|stream|cursor|prepare|batch|copy\w*FromQuery)|\bsql\b|\b(?:SELECT|INSERT|UPDATE|DELETE|WITH)\s/;

const LOOPS = new Set([
  'ForStatement',
  'ForOfStatement',
  'ForInStatement',
  'WhileStatement',
  'DoWhileStatement',
]);

/**
 * The queries of a source, in their order.
 *
 * @param rename what the program's `transform` makes of the names of columns in lists
 */
export function findQueries(
  file: string,
  source: string,
  modules: Modules = new Modules(),
  rename: (name: string) => string = (name) => name,
): SourceQueries {
  const module = HINT.test(source) ? modules.get(file, source) : null;
  if (module === null) return { queries: [], unknown: [], impossible: [], uses: [], written: [] };
  if (module.failure !== null) {
    const { message, start } = module.failure;
    const reason = `the file cannot be read as TypeScript: ${message}`;
    const unknown = [{ file, source, start, reason, before: '' }];
    return { queries: [], unknown, impossible: [], uses: [], written: [] };
  }
  return new Finder(module, rename).find();
}

/** What may be a query, or stand for one. */
const TEXTUAL =
  /^(?:Literal|TemplateLiteral|TaggedTemplateExpression|BinaryExpression|Identifier|MemberExpression)$/;

interface Call {
  readonly method: string;
  readonly isInLoop: boolean;
  /** A name for its template. */
  readonly name: string;
  /** What is decided where it is made, of a query that is written there. */
  readonly when: Conditions;
}

class Finder {
  readonly #module: Module;
  readonly #rename: (name: string) => string;
  readonly #queries: FoundQuery[] = [];
  readonly #unknown: UnknownQuery[] = [];
  readonly #impossible: string[] = [];
  readonly #seen = new Set<Node>();

  constructor(module: Module, rename: (name: string) => string) {
    this.#module = module;
    this.#rename = rename;
  }

  find(): SourceQueries {
    visit(this.#module.program, (node, around) => {
      if (node.type === 'CallExpression') this.#call(node, around);
    });
    // A template with a name is a query wherever it is: what a function returns, for example.
    visit(this.#module.program, (node) => {
      if (node.type === 'TaggedTemplateExpression' && nameOf(node) !== null) {
        this.#query(
          { node, module: this.#module },
          { method: 'fetch', isInLoop: false, name: '', when: NOTHING_DECIDED },
        );
      }
    });
    const uses = [...this.#module.filesReached()].filter((file) => file !== this.#module.file);
    return {
      queries: this.#queries,
      unknown: this.#unknown,
      impossible: this.#impossible,
      uses,
      written: writtenStatements(this.#module),
    };
  }

  #call(node: Node, around: readonly Node[]): void {
    const [first] = node['arguments'] as readonly Node[];
    if (first === undefined) return;
    if (methodOf(node) === 'batch') {
      this.#batch(unwrapped(first), this.#callOf('batch', node, around));
      return;
    }
    const query = this.#queryCall(node);
    if (query === null) this.#handedOn(node, around);
    else this.#given(query.given, this.#callOf(query.method, node, around));
  }

  /** The method that takes a query, and what it is given. */
  #queryCall(node: Node): { method: string; given: Node } | null {
    // Most calls are of something else: a constant of that name may have to be looked for in another module.
    const isNamed = METHODS.has(methodOf(node));
    if (!isNamed && !this.#mayTakeQuery(node)) return null;
    const query = queryCallOf(node, this.#module);
    const [given] = query?.args ?? [];
    return query && given ? { method: query.method, given: unwrapped(given) } : null;
  }

  #mayTakeQuery(call: Node): boolean {
    const args = call['arguments'] as readonly Node[];
    const isApplied = methodOf(call) === 'apply' && args[1]?.type === 'ArrayExpression';
    const given = isApplied ? ((args[1]!['elements'] ?? []) as readonly (Node | null)[]) : args;
    return given.some((each) => each !== null && this.#mayBeQuery(unwrapped(each)));
  }

  /** The queries in the list that `batch` is given, or those that `map` makes of another list. */
  #batch(given: Node, call: Call): void {
    const items = itemsOf(given, this.#module) ?? madeByMap(given, this.#module);
    for (const { node, module } of items) this.#query({ node: unwrapped(node), module }, call);
  }

  /** What a method is given that takes a query. */
  #given(node: Node, call: Call): void {
    const first = this.#module.changing(node);
    if (first === null || !this.#isText(first)) {
      this.#query({ node, module: this.#module }, call);
      return;
    }
    const shown = this.#module.source.slice(node.start, node.end);
    const reason = `${shown} can be written to: it is checked if that is ${first.wanted}`;
    const { file, source } = this.#module;
    const before = first.module.source.slice(first.node.start, first.node.end);
    this.#unknown.push({ file, source, start: node.start, reason, before });
  }

  /** What is known of a call besides its query. */
  #callOf(method: string, node: Node, around: readonly Node[]): Call {
    // What a function in a loop does, it need not do there.
    const inner = around.slice(around.findLastIndex(({ type }) => /Function/.test(type)) + 1);
    const isInLoop = inner.some(({ type }) => LOOPS.has(type));
    const name = suggestedName(this.#module.file, around);
    return { method, isInLoop, name, when: decidedAt([...around, node], this.#module) };
  }

  /** Queries that a function of the program's own is given and hands on: `all('SELECT …')`, `all({ text: '…' })`. */
  #handedOn(node: Node, around: readonly Node[]): void {
    const args = (node['arguments'] as readonly Node[]).map(unwrapped);
    const queries = args.flatMap((each, index) => this.#mayBeHandedOn(each, index));
    // Texts first: for a function its module may have to be read.
    if (queries.length === 0) return;
    const made = functionOf(this.#module, unwrapped(node['callee'] as Node));
    if (made === null) return;
    for (const { index, key, given } of queries) {
      const method = handsOn(made, index, key) ?? (key === 'text' ? handsOn(made, index) : null);
      if (method !== null) this.#given(given, this.#callOf(method, node, around));
    }
  }

  /** An argument that may be a query, or the properties of one that may be. */
  #mayBeHandedOn(
    argument: Node,
    index: number,
  ): { index: number; key: string | null; given: Node }[] {
    if (this.#mayBeQuery(argument)) return [{ index, key: null, given: argument }];
    if (argument.type !== 'ObjectExpression') return [];
    return (argument['properties'] as readonly Node[]).flatMap((property) => {
      const key = property.type === 'Property' ? propertyName(property) : null;
      const given = unwrapped((property['value'] ?? property) as Node);
      return key !== null && this.#mayBeQuery(given) ? [{ index, key, given }] : [];
    });
  }

  #query(query: Located, call: Call): void {
    const { node, module } = query;
    if (node.type === 'ConditionalExpression') {
      for (const side of ['consequent', 'alternate']) {
        const when = withTest(call.when, node['test'] as Node, side === 'consequent', module);
        this.#query({ node: unwrapped(node[side] as Node), module }, { ...call, when });
      }
      return;
    }
    // What is written elsewhere may be given to other calls as well.
    const elsewhere = { ...call, when: NOTHING_DECIDED };
    const constant = module.constant(node);
    if (constant !== null && constant.node !== node) {
      this.#query(constant, elsewhere);
      return;
    }
    const given = elementsOf(node, module)?.values ?? chosenTemplates(query) ?? fallbackOf(query);
    if (given.length > 0) {
      for (const each of given) {
        this.#query({ node: unwrapped(each.node), module: each.module }, elsewhere);
      }
      return;
    }
    if (node.type === 'ObjectExpression') {
      const inner = queryOfObject(node);
      if (inner !== null) this.#query({ node: unwrapped(inner), module }, call);
      return;
    }
    if (this.#seen.has(node)) return;
    this.#seen.add(node);
    const place = { file: module.file, source: module.source, start: node.start, end: node.end };
    const { method, isInLoop, name } = call;
    const isHelper = helperOf(query) !== null;
    if (isTemplate(query) || isHelper) {
      const made = isHelper ? alternativesOfHelper(query) : alternativesOf(query);
      if (made instanceof NotKnown) {
        this.#notKnown(made);
        return;
      }
      const quasi = node['quasi'] as Node | undefined;
      const values = ((quasi?.['expressions'] ?? []) as readonly Node[]).length;
      const variants: Variant[] = [];
      for (const each of possibleOf(ruledOut(made, call.when))) {
        const variant = variantOf(each, values, this.#rename);
        if (variant instanceof NotKnown) {
          this.#notKnown(variant);
          return;
        }
        variants.push(variant);
      }
      if (!isStatement(variants[0]?.text.value ?? '')) return;
      const isTyped = isHelper || (node['typeArguments'] ?? null) !== null;
      const nameGoes = isTyped ? null : { at: (node['tag'] as Node).end, name };
      const tag = isHelper ? null : nameOf(node);
      this.#queries.push({ ...place, variants, tag, nameGoes, method, isInLoop });
      return;
    }
    const templates = templatesOf(query);
    if (templates !== null) {
      for (const each of templates) this.#query(each, elsewhere);
      return;
    }
    const tagged = (node['tag'] ?? null) as Node | null;
    if ((tagged?.['name'] ?? (tagged?.['property'] as Node | undefined)?.['name']) === 'sql')
      return;
    const texts = textsOf(query);
    if (texts instanceof NotKnown) {
      if (isStatement(texts.before) || (texts.before.trim() === '' && isMeantAsQuery(query))) {
        this.#unknown.push({ ...place, reason: texts.reason, before: texts.before });
      }
      return;
    }
    for (const each of ruledOut(texts, call.when)) {
      const variant = variantOf(each, 0, this.#rename);
      if (variant instanceof NotKnown || !isStatement(variant.text.value)) continue;
      if (each.cannotBe === true) {
        this.#impossible.push(variant.text.value);
        continue;
      }
      const variants = [variant];
      this.#queries.push({ ...place, variants, tag: undefined, nameGoes: null, method, isInLoop });
    }
  }

  #mayBeQuery(node: Node): boolean {
    if (!TEXTUAL.test(node.type)) return false;
    const value = this.#module.changing(node) ?? { node, module: this.#module };
    return this.#isText(value) || isMeantAsQuery(value);
  }

  /** Whether an expression is a statement, or begins as one. */
  #isText(value: Located): boolean {
    if (isTemplate(value)) return true;
    return isStatement(beginningOf(textsOf(value)));
  }

  #notKnown({ reason, before, place: { file, source, offset } }: NotKnown): void {
    this.#unknown.push({ file, source, start: offset, reason, before });
  }
}

/** Whether words of a query are written into a text of which the beginning is not known. */
function isMeantAsQuery({ node, module }: Located): boolean {
  if (node.type !== 'TemplateLiteral' && node.type !== 'BinaryExpression') return false;
  return /\s(?:FROM|WHERE|JOIN|ORDER BY|RETURNING|VALUES)\s/.test(
    module.source.slice(node.start, node.end),
  );
}

/** The name in sql<'name'>. */
function nameOf(node: Node): string | null {
  const args = (node['typeArguments'] ?? null) as Node | null;
  const first = (args?.['params'] as readonly Node[] | undefined)?.[0];
  const literal = first?.type === 'TSLiteralType' ? (first['literal'] as Node)['value'] : null;
  return typeof literal === 'string' ? literal : null;
}

/** A name for a template: that of its file and of the function or constant that it is in. */
function suggestedName(file: string, around: readonly Node[]): string {
  const base = file.replace(/^.*[\\/]/, '').replace(/(\.[cm]?tsx?)$/, '');
  const names = around.map((each) => {
    const named = (each['id'] ?? each['key'] ?? null) as Node | null;
    const isNamed = /Function|VariableDeclarator|MethodDefinition|Property/.test(each.type);
    return isNamed && typeof named?.['name'] === 'string' ? named['name'] : null;
  });
  const inner = names.findLast((each) => each !== null) ?? 'query';
  return `${base.replaceAll(/\W+(\w)/g, (_, first: string) => first.toUpperCase())}.${inner}`;
}
