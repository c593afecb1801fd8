import { Lexer } from '../sql/lexer.ts';

/** A file of SQL as it is run to make a database. */
export interface Script {
  /**
   * Its text, each character in its place, with blanks for what undoes it, for psql's own commands, and for COPY
   * with its rows.
   */
  readonly sql: string;
  readonly statements: readonly Statement[];
  /** The files that psql would read in between, in their order. */
  readonly included: readonly Included[];
  /** What psql alone can do, and what the database has depends on: rows of other files, statements that a query makes, conditions. */
  readonly beyond: readonly Beyond[];
}

/** A command of psql's that is passed over although it matters. */
interface Beyond {
  /** Where it stands. */
  readonly at: number;
  /** `\copy`, `\gexec`, `\lo_import` or `\if`. */
  readonly command: string;
}

/** A line of `\i file` or `\ir file`. */
interface Included {
  /** Where it begins. */
  readonly at: number;
  readonly path: string;
  /** It is relative to the file that it stands in, and not to the working directory. */
  readonly isBeside: boolean;
}

/** A statement of a script. Places are those of the script, in UTF-16 units. */
export interface Statement {
  /** With what stands ahead of it, and its semicolon. */
  readonly text: string;
  readonly start: number;
  /** Where its first word is, and which one, in small letters. */
  readonly at: number;
  readonly verb: string;
  /** The rows that follow COPY … FROM STDIN; null for all else. */
  readonly rows: string | null;
}

/** Takes a file apart as psql does: semicolons in texts, names, comments and bodies of functions end nothing. */
export function scriptOf(file: string): Script {
  const text = withoutUndoing(file.replace(/^\uFEFF/, ''));
  const lexer = new Lexer(text, false);
  const sql = new Blanked(text);
  const found: (Omit<Statement, 'text'> & { end: number })[] = [];
  const included: Included[] = [];
  const beyond: Beyond[] = [];
  /** Where the statement begins with what stands ahead of it, and its first word, if that has come. */
  let start = 0;
  let at = -1;
  let verb = '';
  /** How many brackets are open, and how many blocks of a function. */
  let brackets = 0;
  let blocks = 0;
  let takesRows = false;
  /** The rows that begin with the next line, where more stands behind COPY in its own. */
  let pending = null as { from: number; to: number } | null;
  let before = '';
  const ends = (end: number, rows: string | null): void => {
    found.push({ start, end, at, verb, rows });
    start = end;
    at = -1;
    brackets = 0;
    takesRows = false;
  };
  while (lexer.next()) {
    const { token } = lexer;
    if (pending !== null && lexer.end > pending.from) {
      sql.blank(pending.from, pending.to, ' ');
      lexer.end = pending.to;
      if (at < 0) start = lexer.end;
      pending = null;
      continue;
    }
    if (token === 'blank' || token === 'comment') continue;
    const word = text.slice(lexer.start, lexer.end).toLowerCase();
    if (word === '\\') {
      // What sends the statement that stands in front of it is its semicolon: \g, \gexec and their like.
      const isEnd = at >= 0 && text[lexer.end] === 'g';
      const line = endOfCommand(text, lexer.end);
      const include = INCLUDE.exec(text.slice(lexer.end, line));
      // In the middle of a statement it would be a part of that.
      if (include !== null && at < 0) {
        const [, command, quoted, plain] = include;
        const isBeside = command === 'ir' || command === 'include_relative';
        included.push({ at: lexer.start, path: quoted?.replaceAll("''", "'") ?? plain!, isBeside });
      }
      const matters = BEYOND.exec(text.slice(lexer.end, line).replace(/\([^()]*\)/g, ' '));
      if (matters !== null) beyond.push({ at: lexer.start, command: `\\${matters[1]}` });
      sql.blank(lexer.start, line, isEnd ? ';' : ' ');
      if (isEnd) ends(lexer.end, null);
      lexer.end = line;
      continue;
    }
    if (at < 0) {
      at = lexer.start;
      verb = word;
    }
    if (word === '(') brackets += 1;
    else if (word === ')') brackets -= 1;
    else if (word === 'atomic' && before === 'begin') blocks = 1;
    else if (word === 'case' && blocks > 0) blocks += 1;
    else if (word === 'end' && blocks > 0) blocks -= 1;
    else if (word === 'stdin' && before === 'from' && verb === 'copy') takesRows = true;
    else if (token === 'semicolon' && brackets <= 0 && blocks === 0) {
      if (takesRows) {
        const line = endOfLine(text, lexer.end);
        const [rows, last] = rowsFrom(text, endOfLine(text, pending?.to ?? line) + 1);
        const isLast = NOTHING.test(text.slice(lexer.end, line));
        sql.blank(at, isLast ? last : lexer.end, ' ');
        start = at;
        ends(lexer.end, rows);
        if (isLast) {
          lexer.end = last;
          start = last;
          pending = null;
        } else {
          pending = { from: pending?.from ?? line + 1, to: last };
        }
      } else {
        ends(lexer.end, null);
      }
    }
    before = word;
  }
  if (at >= 0) ends(text.length, null);
  const whole = sql.text();
  const statements = found.map(({ end, ...each }) => ({
    ...each,
    text: (each.rows === null ? whole : text).slice(each.start, end),
  }));
  return { sql: whole, statements, included, beyond };
}

/** The part of a script between two places that no statement crosses, each character in its place. */
export function partOf(script: Script, from: number, to: number): Script {
  const { sql, statements, beyond } = script;
  return {
    sql: blanked(sql.slice(0, from)) + sql.slice(from, to) + blanked(sql.slice(to)),
    statements: statements.filter(({ at }) => at >= from && at < to),
    included: [],
    beyond: beyond.filter(({ at }) => at >= from && at < to),
  };
}

/** Behind the backslash: the command of psql that reads a file, and its name. */
const INCLUDE = /^(i|ir|include|include_relative)[ \t]+(?:'((?:[^']|'')*)'|([^\s'\\]+))/;

/** Behind the backslash, without brackets: rows from a file or a program, statements that are a query's values, and what runs on a condition. */
const BEYOND =
  /^(copy(?=[ \t]+(?![ \t(])(?:(?!\bto\b).)*\bfrom\b)|gexec\b|lo_import\b|if(?=[ \t]))/i;

/**
 * A mark in front of what makes or undoes a migration, as dbmate, goose, sql-migrate and node-pg-migrate have it
 * in one file.
 */
const MARK =
  /^[ \t]*--[ \t-]*(?:migrate:|\+(?:goose|migrate|micrate)[ \t]+|(?=(?:up|down)[ \t]+migration\b))(up|down)\b/gim;

function withoutUndoing(text: string): string {
  const marks = [...text.matchAll(MARK)];
  const up = new Blanked(text);
  for (const [index, mark] of marks.entries()) {
    if (mark[1]!.toLowerCase() === 'down') {
      up.blank(mark.index, marks[index + 1]?.index ?? text.length, ' ');
    }
  }
  return up.text();
}

/** A text with blanks in place of characters, so that the server counts as many. */
class Blanked {
  readonly #text: string;
  readonly #parts: string[] = [];
  #end = 0;

  constructor(text: string) {
    this.#text = text;
  }

  /** Blanks a part behind those before, and puts one character in its first place. */
  blank(from: number, to: number, first: ';' | ' '): void {
    const part = blanked(this.#text.slice(from, to));
    this.#parts.push(this.#text.slice(this.#end, from), first, part.slice(1));
    this.#end = to;
  }

  text(): string {
    return this.#parts.join('') + this.#text.slice(this.#end);
  }
}

/** As many blanks, in as many lines. */
function blanked(text: string): string {
  return text.replaceAll(/\S/g, ' ');
}

function endOfLine(text: string, from: number): number {
  const end = text.indexOf('\n', from);
  return end < 0 ? text.length : end;
}

/** Nothing but a comment. */
const NOTHING = /^\s*(?:--.*)?$/s;

/** Commands of psql's that have the rest of the line, whatever is in it. */
const WHOLE_LINE = /(?:!|copy\b|e[fv]\b|s[fv]\b|h(?:elp)?\b)/y;
/** What a command has behind its name: up to a backslash, which begins another one, or ends it as `\\` does. */
const COMMAND = /(?:'(?:[^'\\\n]|\\.)*'|"[^"\n]*"|`[^`\n]*`|[^\\\n])*/y;

/** Where a command of psql's ends whose name begins at a place. */
function endOfCommand(text: string, from: number): number {
  // `\;` is a semicolon, and what stands behind `\\` is SQL. Nothing is read behind `\q`.
  if (text[from] === ';') return from;
  if (text[from] === '\\') return from + 1;
  if (/^q(?:uit)?\b/.test(text.slice(from, from + 5))) return text.length;
  WHOLE_LINE.lastIndex = from;
  if (WHOLE_LINE.test(text)) return endOfLine(text, from);
  COMMAND.lastIndex = from;
  COMMAND.test(text);
  return COMMAND.lastIndex;
}

/** The rows of COPY that begin at a place, and where what ends them ends: `\.` on a line of its own. */
function rowsFrom(text: string, from: number): [rows: string, last: number] {
  // Lines end as in the file: JavaScript's own expressions have other ends too, which may stand in a row.
  const end = /(?<![^\n])\\\.[^\n]*/g;
  end.lastIndex = from;
  const match = end.exec(text);
  return match === null
    ? [text.slice(from), text.length]
    : [text.slice(from, match.index), end.lastIndex];
}

/** The number of the line that a place of a script is in. */
export function lineOf({ sql }: Script, at: number): number {
  return sql.slice(0, at).split('\n').length;
}

/** The server counts characters, a string counts UTF-16 units. */
export function utf16Offset(text: string, characters: number): number {
  return [...text].slice(0, characters).join('').length;
}
