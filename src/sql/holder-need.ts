import { Lexer } from './lexer.ts';

/**
 * Why a text is of use to somebody only who goes on in the same session: what it begins, ends,
 * sets or takes there is gone or meaningless if each call may get another session.
 */
export type HolderNeed =
  /** It begins or ends a transaction, or a part of one, and does not have the whole of it. */
  | 'transaction'
  /** SET LOCAL and the like, with no other statement in its transaction. */
  | 'local setting'
  /** It takes or releases a lock of the session, and not both. */
  | 'lock'
  | 'channel';

const TRANSACTION_VERBS = new Set(
  'begin start commit end rollback abort savepoint release'.split(' '),
);
const LOCAL_SETTINGS = new Set(['local', 'transaction', 'constraints']);

/** What a statement needs that stands alone in its call, by its first two words. */
export function needOfOpening(verb: string, second: string): HolderNeed | null {
  if (TRANSACTION_VERBS.has(verb)) return second === 'prepared' ? null : 'transaction';
  if (verb === 'prepare') return second === 'transaction' ? 'transaction' : null;
  if (verb === 'set') return LOCAL_SETTINGS.has(second) ? 'local setting' : null;
  return verb === 'listen' ? 'channel' : null;
}

/** Texts without a match call none of the functions below. */
export const MENTIONS_LOCK = /pg_(?:try_)?advisory_/i;

const TAKES_LOCK = /^"?pg_(?:try_)?advisory_lock(?:_shared)?"?$/;
const RELEASES_LOCK = /^"?pg_advisory_unlock(?:_shared|_all)?"?$/;

/** Which functions for locks of the session a text calls. */
class LockCalls {
  #takes = false;
  #releases = false;
  #name = '';
  #isOther = false;
  #last = '';

  /** @param piece in small letters, unless it is a quoted name */
  see(piece: string, isName: boolean): void {
    if (isName) {
      // The same name in another schema is another function.
      this.#isOther = this.#last === '.' && this.#name !== 'pg_catalog';
      this.#name = piece;
    } else if (piece === '(' && !this.#isOther) {
      this.#takes ||= TAKES_LOCK.test(this.#name);
      this.#releases ||= RELEASES_LOCK.test(this.#name);
    }
    if (!isName && piece !== '.') this.#name = '';
    this.#last = piece;
  }

  /** One is left taken, or one is released that this session never had. */
  get isPartial(): boolean {
    return this.#takes !== this.#releases;
  }
}

/** Whether one statement takes a lock and does not release it, or the other way round. */
export function holdsLock(lexer: Lexer): boolean {
  const calls = new LockCalls();
  while (lexer.next()) {
    const { token, start, end } = lexer;
    if (token === 'blank' || token === 'comment') continue;
    const piece = lexer.text.slice(start, end);
    const isQuoted = token === 'quoted name';
    calls.see(isQuoted ? piece : piece.toLowerCase(), isQuoted || token === 'word');
  }
  return calls.isPartial;
}

/** Verbs of statements in which a function that is named is called. */
const CALLING = new Set(['select', 'insert', 'update', 'delete', 'merge', 'with', 'values']);

/** What several statements need that are executed by one call, one after the other. */
export function needOfScript(text: string, backslashes: boolean): HolderNeed | null {
  const script = new ScriptReader();
  const lexer = new Lexer(text, backslashes);
  while (lexer.next()) {
    const { token, start, end } = lexer;
    if (token === 'blank' || token === 'comment') continue;
    const piece = text.slice(start, end);
    const isQuoted = token === 'quoted name';
    script.see(isQuoted ? piece : piece.toLowerCase(), token === 'word', isQuoted);
  }
  return script.end();
}

/** How many words at the beginning of a statement say what it does. */
const OPENING = 3;

/** Follows the statements of a script: which of its transactions are whole. */
class ScriptReader {
  #statements = 0;
  #inBlock = false;
  #need: HolderNeed | null = null;
  #onlyNeed: HolderNeed | null = null;
  readonly #locks = new LockCalls();
  /** The first words of the statement. */
  #words: string[] = [];
  #isEmpty = true;
  #chains = false;
  #lastWord = '';
  #depth = 0;
  /** How many BEGIN ATOMIC and CASE are open in a function's body, where a semicolon ends less. */
  #bodies = 0;

  see(piece: string, isWord: boolean, isQuoted: boolean): void {
    if (piece === ';' && this.#depth <= 0 && this.#bodies === 0) {
      this.#endStatement();
      return;
    }
    this.#isEmpty = false;
    if (piece === '(') this.#depth += 1;
    else if (piece === ')') this.#depth -= 1;
    if (isWord) this.#seeWord(piece);
    else if (this.#words.length < OPENING && piece !== '(') this.#words.push('');
    const verb = this.#words[0] ?? '';
    if (verb === '' || CALLING.has(verb)) this.#locks.see(piece, isWord || isQuoted);
  }

  #seeWord(word: string): void {
    const isFirst = this.#words.length === 0;
    if (this.#words.length < OPENING) this.#words.push(word);
    if (word === 'chain') this.#chains = this.#lastWord === 'and';
    if (!isFirst && this.#words[0] === 'create') {
      if (word === 'atomic' && this.#lastWord === 'begin') this.#bodies += 1;
      else if (this.#bodies > 0 && word === 'case') this.#bodies += 1;
      else if (this.#bodies > 0 && word === 'end') this.#bodies -= 1;
    }
    this.#lastWord = word;
  }

  #endStatement(): void {
    if (!this.#isEmpty) this.#judge();
    this.#words = [];
    this.#isEmpty = true;
    this.#chains = false;
    this.#lastWord = '';
    this.#depth = 0;
    this.#bodies = 0;
  }

  #judge(): void {
    const [verb = '', second = ''] = this.#words;
    this.#statements += 1;
    const need = needOfOpening(verb, second);
    this.#onlyNeed ??= need;
    if (need === 'channel') this.#need ??= need;
    if (need !== 'transaction') return;
    if (verb === 'begin' || verb === 'start') {
      this.#inBlock = true;
      return;
    }
    if (!this.#inBlock) this.#need ??= 'transaction';
    else if (!this.#isPartOfOne(this.#words)) this.#inBlock = this.#chains;
  }

  /** Whether the statement, which is about a transaction, leaves it open. */
  #isPartOfOne([verb, ...behind]: readonly string[]): boolean {
    // ROLLBACK [WORK | TRANSACTION] TO …
    return (
      verb === 'savepoint' || verb === 'release' || (verb === 'rollback' && behind.includes('to'))
    );
  }

  end(): HolderNeed | null {
    this.#endStatement();
    if (this.#inBlock) return 'transaction';
    if (this.#statements === 1 && this.#onlyNeed !== null) return this.#onlyNeed;
    return this.#need ?? (this.#locks.isPartial ? 'lock' : null);
  }
}
