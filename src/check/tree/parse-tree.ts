/** A node of PostgreSQL's own trees: its fields are texts, nodes, lists of these, or null. */
export interface TreeNode {
  /** The node's name without the `EXPR` that some versions of the server write: `VAR`, `CASE`. */
  readonly tag: string;
  readonly [field: string]: TreeValue;
}

/** What a field of a node may be. */
export type TreeValue = string | null | TreeNode | readonly TreeValue[];

/** What PostgreSQL 15 and 16 name differently is brought to one name. */
const SAME_TAGS: Readonly<Record<string, string>> = {
  ARRAYEXPR: 'ARRAY',
  CASEEXPR: 'CASE',
  CASEWHEN: 'WHEN',
  COALESCEEXPR: 'COALESCE',
  MINMAXEXPR: 'MINMAX',
  NULLIFEXPR: 'NULLIF',
  RTE: 'RANGETBLENTRY',
  ROWEXPR: 'ROW',
};

/** Throws where the text is none: the query is reported as one that cannot be checked. */
export class TreeSyntaxError extends Error {
  override readonly name = 'TreeSyntaxError';
}

/**
 * Reads what `debug_print_parse`, `pg_rewrite.ev_action` and `pg_proc.prosqlbody` have: the format of
 * PostgreSQL's `nodeToString()`. A node is `{TAG :field value …}`, a list `(a b)`, a list of numbers
 * `(i 1 2)`, a set of numbers `(b 1 2)`, NULL `<>`, and a datum `4 [ 1 0 0 0 ]`.
 *
 * PostgreSQL: src/backend/nodes/outfuncs.c.
 */
export function parseTree(text: string): TreeValue {
  return new Reader(text).whole();
}

class Reader {
  readonly #text: string;
  #at = 0;

  constructor(text: string) {
    this.#text = text;
  }

  whole(): TreeValue {
    const value = this.#value();
    this.#skipSpace();
    if (this.#at < this.#text.length) this.#fail('the end');
    return value;
  }

  #value(): TreeValue {
    this.#skipSpace();
    const next = this.#text[this.#at];
    if (next === '{') return this.#node();
    if (next === '(') return this.#list();
    const token = this.#token();
    return token === '<>' ? null : token;
  }

  #node(): TreeNode {
    this.#at += 1;
    const tag = this.#token();
    const node: Record<string, TreeValue> & { tag: string } = { tag: SAME_TAGS[tag] ?? tag };
    for (;;) {
      this.#skipSpace();
      const next = this.#text[this.#at];
      if (next === '}') {
        this.#at += 1;
        return node;
      }
      if (next !== ':') this.#fail('a field');
      this.#at += 1;
      node[this.#token()] = this.#fieldValue();
    }
  }

  /** A field's value: usually one; a few are several after each other, which become a list. */
  #fieldValue(): TreeValue {
    const values: TreeValue[] = [];
    for (;;) {
      this.#skipSpace();
      const next = this.#text[this.#at];
      if (next === undefined) this.#fail('the end of a node');
      if (next === ':' || next === '}') break;
      if (next === '[') {
        // The bytes of a datum, behind their number.
        const end = this.#text.indexOf(']', this.#at);
        if (end < 0) this.#fail('the end of a datum');
        values[values.length - 1] = this.#text.slice(this.#at + 1, end).trim();
        this.#at = end + 1;
      } else {
        values.push(this.#value());
      }
    }
    return values.length === 1 ? values[0]! : values;
  }

  #list(): readonly TreeValue[] {
    this.#at += 1;
    // Lists of integers, of object ids and of transaction ids, and sets, say so in front.
    if (/^[iobx][\s)]/.test(this.#text.slice(this.#at, this.#at + 2))) this.#at += 1;
    const items: TreeValue[] = [];
    for (;;) {
      this.#skipSpace();
      const next = this.#text[this.#at];
      if (next === undefined) this.#fail('the end of a list');
      if (next === ')') break;
      items.push(this.#value());
    }
    this.#at += 1;
    return items;
  }

  /** A word, with its backslashes taken away; one in quotation marks is a string of the tree. */
  #token(): string {
    const text = this.#text;
    let out = '';
    if (text[this.#at] === '"') {
      this.#at += 1;
      while (this.#at < text.length && text[this.#at] !== '"') {
        if (text[this.#at] === '\\') this.#at += 1;
        out += text[this.#at] ?? '';
        this.#at += 1;
      }
      this.#at += 1;
      return out;
    }
    const start = this.#at;
    while (this.#at < text.length && !/[\s(){}]/.test(text[this.#at]!)) {
      if (text[this.#at] === '\\') this.#at += 1;
      out += text[this.#at] ?? '';
      this.#at += 1;
    }
    if (this.#at === start) this.#fail('a value');
    return out;
  }

  #skipSpace(): void {
    while (/\s/.test(this.#text[this.#at] ?? '')) this.#at += 1;
  }

  #fail(expected: string): never {
    const there = this.#text.slice(this.#at, this.#at + 40);
    throw new TreeSyntaxError(`expected ${expected} of a tree at ${this.#at}: ${there}`);
  }
}
