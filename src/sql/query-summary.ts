import { Lexer } from './lexer.ts';

/** What a text does to what, in a few words that are the same for whatever values. */
export interface QuerySummary {
  /** `SELECT orders customers`; of several statements `INSERT a; DELETE b`. Empty: nothing is known. */
  readonly summary: string;
  /** `SELECT`, if the statements have it in common, else null. */
  readonly operation: string | null;
  /** The statements' summaries. */
  readonly statements: readonly string[];
}

/** Characters. */
const LONGEST = 255;

/** What a statement can be that reads or changes tables, at its beginning or within another one. */
const VERBS = new Set(['SELECT', 'INSERT', 'UPDATE', 'DELETE', 'MERGE']);
/** What defines something: the kind of it and its name follow. */
const DEFINES = new Set(['CREATE', 'ALTER', 'DROP']);
const KINDS = new Set(
  `TABLE INDEX VIEW SEQUENCE TYPE SCHEMA FUNCTION PROCEDURE TRIGGER EXTENSION ROLE USER DATABASE DOMAIN
   POLICY PUBLICATION SUBSCRIPTION AGGREGATE COLLATION SERVER TABLESPACE RULE`.split(/\s+/),
);
/** What is followed by the name of what it works on, perhaps with one of NOISE in between. */
const NAMING = new Set([
  'TRUNCATE',
  'CALL',
  'COPY',
  'LOCK',
  'REFRESH',
  'ANALYZE',
  'VACUUM',
  'TABLE',
]);
/** Words between an operation and a name. */
const NOISE = new Set(
  `ONLY LATERAL IF NOT EXISTS CONCURRENTLY TABLE MATERIALIZED VIEW VERBOSE FULL FREEZE ANALYZE`.split(
    ' ',
  ),
);
/** What ends a list of tables. */
const ENDS_FROM = new Set(
  `WHERE GROUP ORDER LIMIT OFFSET HAVING UNION INTERSECT EXCEPT RETURNING WINDOW FOR SET SELECT FETCH WHEN
   VALUES`.split(/\s+/),
);

/**
 * Summarises a text by its words: each operation with the tables that it names, in their order.
 * OpenTelemetry, "Generating a summary of the query text". Words are enough, as nothing depends on it.
 */
export function querySummary(text: string): QuerySummary {
  const plain = new Summariser(text, false).run();
  if (!text.includes('\\')) return plain;
  // What is a string and what is not depends on a setting of the server.
  const escaped = new Summariser(text, true).run();
  return plain.summary === escaped.summary
    ? plain
    : { summary: '', operation: null, statements: [] };
}

/** What is known of one level of brackets. */
interface Level {
  /** FROM belongs to a SELECT or DELETE here, and not to a function such as `extract`. */
  hasVerb: boolean;
  /** A comma is followed by one more table. */
  inFrom: boolean;
}

class Summariser {
  readonly #text: string;
  readonly #lexer: Lexer;
  readonly #statements: string[] = [];
  readonly #operations = new Set<string>();
  #parts: string[] = [];
  #operation: string | null = null;
  #levels: Level[] = [{ hasVerb: false, inFrom: false }];
  /** Names that WITH gives to queries: no tables. */
  #named = new Set<string>();
  #isInWith = false;
  /** The pieces of text that say something: this one, the one before, the one behind. */
  #piece = '';
  #before = '';
  #isName = false;
  /** A name that comes now is that of a table, or of the thing defined. */
  #wants: 'table' | 'target' | 'kind' | null = null;
  #isOver = false;

  constructor(text: string, backslashes: boolean) {
    this.#text = text;
    this.#lexer = new Lexer(text, backslashes);
  }

  run(): QuerySummary {
    while (this.#next()) {
      if (this.#piece === ';' && this.#levels.length === 1) this.#endStatement();
      else if (!this.#isOver) this.#read();
    }
    this.#endStatement();
    const [operation = null] = this.#operations;
    return {
      summary: shortened(this.#statements.join('; ')),
      operation: this.#operations.size === 1 ? operation : null,
      statements: this.#statements,
    };
  }

  /** Goes on to the next piece that is neither blank nor comment; key words in capitals. */
  #next(): boolean {
    const lexer = this.#lexer;
    while (lexer.next()) {
      const { token } = lexer;
      if (token === 'blank' || token === 'comment') continue;
      this.#before = this.#piece;
      this.#isName = token === 'word' || token === 'quoted name';
      const piece = this.#text.slice(lexer.start, lexer.end);
      this.#piece = token === 'word' ? piece.toUpperCase() : token === 'string' ? '?' : piece;
      return true;
    }
    return false;
  }

  #read(): void {
    const word = this.#piece;
    const level = this.#levels.at(-1)!;
    if (word === '(') {
      this.#levels.push({ hasVerb: false, inFrom: false });
      this.#wants = null;
      return;
    }
    if (word === ')') {
      if (this.#levels.length > 1) this.#levels.pop();
      return;
    }
    if (word === ',') {
      this.#wants = level.inFrom ? 'table' : null;
      return;
    }
    if (!this.#isName) {
      this.#wants = null;
      return;
    }
    if (this.#wants !== null && !VERBS.has(word)) this.#readWanted(word);
    else if (this.#parts.length === 0 && this.#levels.length === 1) this.#readFirst(word, level);
    else this.#readWord(word, level);
  }

  /** The first word of a statement, WITH aside. */
  #readFirst(word: string, level: Level): void {
    if (word === 'WITH' || this.#isInWith || VERBS.has(word)) {
      this.#readWord(word, level);
      return;
    }
    this.#operate(word, level);
    if (DEFINES.has(word)) this.#wants = 'kind';
    else if (NAMING.has(word)) this.#wants = 'target';
    else if (word !== 'EXPLAIN' && word !== 'PREPARE' && word !== 'DECLARE') this.#isOver = true;
  }

  #readWord(word: string, level: Level): void {
    switch (word) {
      case 'WITH':
        this.#isInWith = true;
        return;
      case 'AS':
        if (this.#isInWith) this.#named.add(this.#before);
        return;
      case 'FROM':
        if (!level.hasVerb || this.#before === 'DISTINCT') return;
        level.inFrom = true;
        this.#wants = 'table';
        return;
      case 'USING':
      case 'JOIN':
        this.#wants = 'table';
        return;
      case 'INTO':
        if (level.hasVerb) this.#wants = 'target';
        return;
    }
    if (VERBS.has(word) && this.#beginsStatement(word)) {
      level.inFrom = false;
      this.#operate(word, level);
      if (word === 'UPDATE') this.#wants = 'target';
    } else if (ENDS_FROM.has(word)) {
      level.inFrom = false;
    }
  }

  /** As `delete` is a name too, and UPDATE a part of FOR UPDATE, DO UPDATE and the like. */
  #beginsStatement(word: string): boolean {
    if (word === 'SELECT') return true;
    return /^(|[();]|AS|EXPLAIN|ANALYZE|VERBOSE)$/.test(this.#before);
  }

  #operate(word: string, level: Level): void {
    level.hasVerb = true;
    this.#parts.push(word);
    if (this.#levels.length === 1 && this.#operation === null && word !== 'EXPLAIN') {
      this.#operation = word;
    }
  }

  #readWanted(word: string): void {
    if (this.#wants === 'kind') {
      // Between CREATE and TABLE stands how it is made: OR REPLACE, UNIQUE, TEMPORARY.
      if (!KINDS.has(word)) return;
      this.#parts.push(word);
      this.#wants = 'target';
      return;
    }
    if (NOISE.has(word)) return;
    const isTable = this.#wants === 'table';
    const name = this.#wholeName();
    this.#wants = null;
    if (isTable && (this.#isCalled() || this.#named.has(name.toUpperCase()))) return;
    this.#parts.push(name);
    const first = this.#parts[0]!;
    if (DEFINES.has(first) || NAMING.has(first)) this.#isOver = true;
  }

  /** The name that begins here, with its schema, as it was written. */
  #wholeName(): string {
    const { start } = this.#lexer;
    let { end } = this.#lexer;
    while (this.#text[end] === '.') {
      this.#lexer.next();
      if (!this.#lexer.next()) break;
      const { token } = this.#lexer;
      if (token !== 'word' && token !== 'quoted name') break;
      end = this.#lexer.end;
    }
    return this.#text.slice(start, end);
  }

  /** Whether a bracket follows: then it is a function. */
  #isCalled(): boolean {
    return /^\s*\(/.test(this.#text.slice(this.#lexer.end, this.#lexer.end + 80));
  }

  #endStatement(): void {
    if (this.#parts.length > 0) this.#statements.push(this.#parts.join(' '));
    const operation = this.#operation ?? this.#parts[0];
    if (operation !== undefined) this.#operations.add(operation);
    this.#parts = [];
    this.#operation = null;
    this.#levels = [{ hasVerb: false, inFrom: false }];
    this.#named = new Set();
    this.#isInWith = false;
    this.#wants = null;
    this.#isOver = false;
    this.#before = '';
    this.#piece = '';
  }
}

/** Cut between two words, as long as OpenTelemetry allows. */
export function shortened(summary: string): string {
  if (summary.length <= LONGEST) return summary;
  return summary.slice(0, summary.lastIndexOf(' ', LONGEST));
}
