/** What one step of a script has psql do. */
export type Step =
  | { readonly kind: 'statement'; readonly text: string; readonly end: End }
  | { readonly kind: 'connect'; readonly user: string | null };

/** What follows a statement: rows of COPY, or what its result is used for. */
interface End {
  /** The lines behind `COPY … FROM stdin`. */
  readonly data: string | null;
  /** `\gset PREFIX`: the row's columns become variables. */
  readonly gset: string | null;
  /** `\gexec`: its values are statements. */
  readonly gexec: boolean;
}

const PLAIN: End = { data: null, gset: null, gexec: false };

/**
 * A script as psql reads it: statements with their variables put in, `\if`, `\gset`, `\connect`, and the rows behind
 * COPY. Other commands of psql are passed over. As a statement may set variables, steps are made one at a time.
 */
export class PsqlScript {
  readonly variables: Map<string, string>;
  readonly #text: string;
  #at = 0;
  #statement = '';
  #parentheses = 0;
  /** BEGIN … END of a function's body of SQL. */
  #blocks = 0;
  /** For each open `\if` whether what stands there now is executed, and whether a branch has been. */
  readonly #conditions: { isOn: boolean; hasBeen: boolean }[] = [];

  constructor(text: string, variables: ReadonlyMap<string, string>) {
    this.#text = text;
    this.variables = new Map(variables);
  }

  *steps(): Generator<Step> {
    while (this.#at < this.#text.length) {
      const char = this.#text[this.#at]!;
      if (char === '\\') {
        const step = this.#command();
        if (step === 'quit') return;
        if (step !== null) yield step;
      } else if (char === ';' && this.#parentheses === 0 && this.#blocks === 0) {
        this.#at += 1;
        const step = this.#ended(PLAIN);
        if (step !== null) yield step;
      } else {
        this.#token(char);
      }
    }
    const last = this.#ended(PLAIN);
    if (last !== null) yield last;
  }

  get #isSkipping(): boolean {
    return this.#conditions.some(({ isOn }) => !isOn);
  }

  #ended(end: End): Step | null {
    const text = this.#statement.trim();
    this.#statement = '';
    this.#parentheses = 0;
    this.#blocks = 0;
    if (text === '' || this.#isSkipping) return null;
    const isCopy = /^copy\b[\s\S]*\bfrom\s+stdin\b/i.test(withoutComments(text));
    return { kind: 'statement', text, end: isCopy ? { ...end, data: this.#copyData() } : end };
  }

  #copyData(): string {
    const start = this.#text.indexOf('\n', this.#at) + 1;
    const end = /^\\\.\r?$/m.exec(this.#text.slice(start));
    const length = end === null ? this.#text.length - start : end.index;
    this.#at = start + length + (end?.[0].length ?? 0);
    return this.#text.slice(start, start + length);
  }

  /** Adds one token of SQL to the statement. */
  #token(char: string): void {
    const rest = this.#text.slice(this.#at, this.#at + 64);
    const quoted = this.#quoted(char, rest);
    if (quoted !== null) {
      this.#take(quoted);
      return;
    }
    const variable = /^:(?:'(\w+)'|"(\w+)"|(\w+))/.exec(rest);
    if (variable !== null && this.#text[this.#at - 1] !== ':') {
      const value = this.variables.get(variable[1] ?? variable[2] ?? variable[3]!);
      if (value !== undefined) {
        const mark = variable[1] !== undefined ? "'" : variable[2] !== undefined ? '"' : '';
        this.#statement += `${mark}${value.replaceAll(mark || '\0', mark + mark)}${mark}`;
        this.#at += variable[0].length;
        return;
      }
    }
    const word = /^[a-z_][\w$]*/i.exec(rest)?.[0];
    if (word !== undefined) {
      this.#countBlocks(word.toLowerCase());
      this.#take(word.length);
      return;
    }
    if (char === '(') this.#parentheses += 1;
    if (char === ')') this.#parentheses = Math.max(0, this.#parentheses - 1);
    this.#take(1);
  }

  #countBlocks(word: string): void {
    const isRoutine = /^create\s+(?:or\s+replace\s+)?(?:function|procedure)\b/i;
    if (!isRoutine.test(withoutComments(this.#statement))) return;
    if (word === 'begin' || (word === 'case' && this.#blocks > 0)) this.#blocks += 1;
    if (word === 'end' && this.#blocks > 0) this.#blocks -= 1;
  }

  /** The length of what is quoted, or a comment, at this place. */
  #quoted(char: string, rest: string): number | null {
    if (rest.startsWith('--')) return this.#until('\n', 2);
    if (rest.startsWith('/*')) return this.#commentLength();
    if (char === '"') return this.#until('"', 1);
    if (char === "'") return this.#until("'", 1);
    if (/^e'/i.test(rest) && !/\w/.test(this.#text[this.#at - 1] ?? '')) {
      const end = /^e'(?:[^'\\]|\\[\s\S]|'')*'/i.exec(this.#text.slice(this.#at));
      return end?.[0].length ?? this.#text.length - this.#at;
    }
    const dollar = /^\$(?:[a-z_]\w*)?\$/i.exec(rest)?.[0];
    if (dollar !== undefined && !/[\w$]/.test(this.#text[this.#at - 1] ?? '')) {
      return this.#until(dollar, dollar.length);
    }
    return null;
  }

  #until(mark: string, from: number): number {
    const end = this.#text.indexOf(mark, this.#at + from);
    return end < 0 ? this.#text.length - this.#at : end + mark.length - this.#at;
  }

  #commentLength(): number {
    const marks = /\/\*|\*\//g;
    marks.lastIndex = this.#at;
    let depth = 0;
    for (let mark = marks.exec(this.#text); mark !== null; mark = marks.exec(this.#text)) {
      depth += mark[0] === '/*' ? 1 : -1;
      if (depth === 0) return marks.lastIndex - this.#at;
    }
    return this.#text.length - this.#at;
  }

  #take(length: number): void {
    this.#statement += this.#text.slice(this.#at, this.#at + length);
    this.#at += length;
  }

  /** A command that begins with a backslash, and goes to the end of its line or to the next one. */
  #command(): Step | 'quit' | null {
    if (this.#text.startsWith('\\;', this.#at)) {
      this.#statement += ';';
      this.#at += 2;
      return null;
    }
    const lineEnd = this.#until('\n', 1);
    const line = this.#text.slice(this.#at, this.#at + lineEnd);
    const [whole = line, name = '', rest = ''] =
      /^\\(\S+?)(?=[\s\\]|$)((?:[^\\\n]|\\\n)*)/.exec(line) ?? [];
    this.#at += /^\\(?:if|elif|else|endif|q|quit|set|echo)/.test(whole)
      ? line.length
      : whole.length;
    const words = rest.trim().split(/\s+/).filter(Boolean);
    switch (name) {
      case 'if': {
        const isOn = this.#isSkipping ? false : this.#isTrue(words[0]);
        this.#conditions.push({ isOn, hasBeen: isOn });
        return null;
      }
      case 'elif':
      case 'else': {
        const last = this.#conditions.pop();
        if (last === undefined) return null;
        const isOn =
          !last.hasBeen && !this.#isSkipping && (name === 'else' || this.#isTrue(words[0]));
        this.#conditions.push({ isOn, hasBeen: last.hasBeen || isOn });
        return null;
      }
      case 'endif':
        this.#conditions.pop();
        return null;
      default:
    }
    if (this.#isSkipping) return null;
    switch (name) {
      case 'q':
      case 'quit':
        return 'quit';
      case 'set':
        if (words[0] !== undefined) this.variables.set(words[0], this.#expanded(rest, words[0]));
        return null;
      case 'g':
      case 'gx':
      case 'gdesc':
      case 'watch':
      case 'crosstabview':
        return this.#ended(PLAIN);
      case 'gset':
        return this.#ended({ ...PLAIN, gset: words[0] ?? '' });
      case 'gexec':
        return this.#ended({ ...PLAIN, gexec: true });
      case 'c':
      case 'connect':
        return {
          kind: 'connect',
          user: words[1] === undefined || words[1] === '-' ? null : words[1],
        };
      case 'r':
      case 'reset':
        this.#statement = '';
        return null;
      case 'copy':
        if (/from\s+stdin/i.test(rest)) this.#copyData();
        return null;
      default:
        return null;
    }
  }

  #isTrue(word = ''): boolean {
    return /^(?:t|true|on|yes|1)$/i.test(
      word.replace(/^:(\w+)$/, (_, name: string) => this.variables.get(name) ?? ''),
    );
  }

  /** The value of `\set`: its words joined, variables put in. */
  #expanded(rest: string, name: string): string {
    const value = rest.trim().slice(name.length).trim();
    const words = value.match(/(?:'(?:[^']|'')*'|\S)+/g) ?? [];
    return words
      .map((word) =>
        word.replaceAll(
          /'((?:[^']|'')*)'|:(\w+)/g,
          (all, text: string | undefined, variable: string) =>
            text !== undefined ? text.replaceAll("''", "'") : (this.variables.get(variable) ?? all),
        ),
      )
      .join('');
  }
}

export function withoutComments(text: string): string {
  return text.replaceAll(/--[^\n]*|\/\*[\s\S]*?\*\//g, ' ').trim();
}
