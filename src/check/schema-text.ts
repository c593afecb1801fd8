/** A statement of a file, and where it begins in it, in UTF-16 units. */
export interface Statement {
  readonly text: string;
  readonly start: number;
}

/** What a file is made of where semicolons count: texts, names and comments have theirs for themselves. */
const TOKENS =
  /(?<!\w)E'(?:[^'\\]|\\[\s\S]|'')*'|'[^']*'|"[^"]*"|(?<![\w$])\$([A-Za-z_\u0080-\uFFFF]\w*)?\$[\s\S]*?\$\1\$|--[^\n]*|\/\*|[A-Za-z_\u0080-\uFFFF][\w$]*|[;()\\]/gi;

/** The statements of a file, each with its semicolon. */
export function statementsOf(text: string): Statement[] {
  const found: Statement[] = [];
  let start = 0;
  for (const { is, end } of piecesOf(text)) {
    if (is !== 'end') continue;
    found.push({ text: text.slice(start, end), start });
    start = end;
  }
  const rest = text.slice(start);
  return rest.trim() === '' ? found : [...found, { text: rest, start }];
}

/**
 * The SQL of a file as it is run to make a database, each character in its place: without what undoes it, psql's
 * own commands, and rows of COPY.
 */
export function sqlOf(file: string): string {
  const text = withoutUndoing(file.replace(/^\uFEFF/, ''));
  let sql = text;
  for (const { is, at, end } of piecesOf(text)) {
    if (is === 'psql') sql = blanked(sql, at, end);
  }
  return sql;
}

/**
 * A mark in front of what makes or undoes a migration, as dbmate, goose, sql-migrate and node-pg-migrate have it
 * in one file.
 */
const MARK =
  /^[ \t]*--[ \t-]*(?:migrate:|\+(?:goose|migrate|micrate)[ \t]+|(?=(?:up|down)[ \t]+migration\b))(up|down)\b/gim;

function withoutUndoing(text: string): string {
  const marks = [...text.matchAll(MARK)];
  let up = text;
  for (const [index, mark] of marks.entries()) {
    if (mark[1]!.toLowerCase() === 'down') {
      up = blanked(up, mark.index, marks[index + 1]?.index ?? text.length);
    }
  }
  return up;
}

/** A text with blanks in place of characters, so that the server counts as many. */
function blanked(text: string, from: number, to: number): string {
  return text.slice(0, from) + text.slice(from, to).replaceAll(/\S/g, ' ') + text.slice(to);
}

interface Piece {
  /** The end of a statement, or what is for psql. */
  readonly is: 'end' | 'psql';
  readonly at: number;
  readonly end: number;
}

function piecesOf(text: string): Piece[] {
  const pieces: Piece[] = [];
  /** Where the statement begins, if it has; how many brackets are open, and how many blocks of a function. */
  let start = -1;
  let brackets = 0;
  let blocks = 0;
  let before = '';
  TOKENS.lastIndex = 0;
  for (let match = TOKENS.exec(text); match !== null; match = TOKENS.exec(text)) {
    const [token] = match;
    const { index } = match;
    if (token.startsWith('--')) continue;
    if (token === '/*') {
      TOKENS.lastIndex = endOfComment(text, index);
      continue;
    }
    if (token === '\\' && start < 0) {
      TOKENS.lastIndex = endOfLine(text, index);
      pieces.push({ is: 'psql', at: index, end: TOKENS.lastIndex });
      continue;
    }
    if (start < 0) start = index;
    const word = token.toLowerCase();
    if (token === '(') brackets += 1;
    else if (token === ')') brackets -= 1;
    else if (word === 'atomic' && before === 'begin') blocks = 1;
    else if (word === 'case' && blocks > 0) blocks += 1;
    else if (word === 'end' && blocks > 0) blocks -= 1;
    else if (token === ';' && brackets <= 0 && blocks === 0) {
      const end = index + 1;
      pieces.push({ is: 'end', at: end, end });
      if (/^COPY\b[^;]*\bFROM\s+STDIN\b/i.test(text.slice(start, end))) {
        const data = /^\\\.[^\n]*$/m.exec(text.slice(end));
        const last = data === null ? text.length : end + data.index + data[0].length;
        pieces.push({ is: 'psql', at: start, end: last });
        TOKENS.lastIndex = last;
      }
      start = -1;
      brackets = 0;
    }
    before = word;
  }
  return pieces;
}

function endOfLine(text: string, from: number): number {
  const end = text.indexOf('\n', from);
  return end < 0 ? text.length : end;
}

/** Comments may be in comments. */
function endOfComment(text: string, from: number): number {
  const edge = /\/\*|\*\//g;
  edge.lastIndex = from;
  let depth = 0;
  for (let match = edge.exec(text); match !== null; match = edge.exec(text)) {
    depth += match[0] === '/*' ? 1 : -1;
    if (depth === 0) return edge.lastIndex;
  }
  return text.length;
}
