import { Lexer } from './lexer.ts';

/** What the statements of a text do that the driver has to know of before it sends them. */
export interface ScriptEffects {
  /** COMMIT, ROLLBACK, PREPARE TRANSACTION: ends the transaction that it is executed in. */
  readonly endsTransaction: boolean;
  /** COPY … FROM STDIN or TO STDOUT: its data is no part of the answer to a query. */
  readonly copies: 'from client' | 'to client' | null;
  /** UNLISTEN, DISCARD ALL: channels are not listened to any more. */
  readonly unlistens: boolean;
  /** DEALLOCATE, DISCARD ALL: drops statements that the driver may have prepared. */
  readonly dropsStatements: boolean;
}

export const NO_EFFECTS: ScriptEffects = Object.freeze({
  endsTransaction: false,
  copies: null,
  unlistens: false,
  dropsStatements: false,
});

/** How the names begin that the driver gives to statements. */
export const NAMES_BEGIN = 'asyncpg_';

/** The first words of statements that have such effects. Most texts are without any. */
const REMARKABLE = /\b(?:commit|end|rollback|abort|prepare|copy|unlisten|discard|deallocate)\b/i;

/** Reads every statement of a text, as far as its first words go; of a COPY all of it. */
export function scriptEffects(text: string, backslashes: boolean): ScriptEffects {
  if (!REMARKABLE.test(text)) return NO_EFFECTS;
  const lexer = new Lexer(text, backslashes);
  const reader = new StatementReader();
  while (lexer.next()) {
    const { token, start, end } = lexer;
    if (token === 'blank' || token === 'comment') continue;
    if (token === 'semicolon') reader.end();
    else if (token === 'word') reader.word(text.slice(start, end).toLowerCase());
    else reader.other(text[start]!);
  }
  reader.end();
  return reader;
}

/** Whether DEALLOCATE of this name may drop what the driver has prepared; undefined: it is in quotes. */
function mayBeOurs(name: string | undefined): boolean {
  return name === undefined || name === 'all' || name.startsWith(NAMES_BEGIN);
}

class StatementReader implements ScriptEffects {
  endsTransaction = false;
  copies: 'from client' | 'to client' | null = null;
  unlistens = false;
  dropsStatements = false;
  /** How the statement begins: as much of it as matters. */
  #words: string[] = [];
  #isBeginning = true;
  #depth = 0;
  #before = '';

  word(word: string): void {
    if (this.#isBeginning && this.#words.length < 3) this.#words.push(word);
    if (this.#words[0] === 'copy' && this.#depth === 0 && (word === 'stdin' || word === 'stdout')) {
      if (this.#before === 'from') this.copies ??= 'from client';
      if (this.#before === 'to') this.copies ??= 'to client';
    }
    this.#before = word;
  }

  other(character: string): void {
    if (this.#words.length === 0 && character === '(') return;
    this.#isBeginning = false;
    this.#before = '';
    if (character === '(') this.#depth += 1;
    if (character === ')') this.#depth -= 1;
  }

  /** The statement is over. */
  end(): void {
    const [verb, second, third] = this.#words;
    switch (verb) {
      case 'commit':
      case 'end':
      case 'abort':
        this.endsTransaction = true;
        break;
      case 'rollback': {
        const isNoise = second === 'work' || second === 'transaction';
        if ((isNoise ? third : second) !== 'to') this.endsTransaction = true;
        break;
      }
      case 'prepare':
        if (second === 'transaction') this.endsTransaction = true;
        break;
      case 'unlisten':
        this.unlistens = true;
        break;
      case 'discard':
        if (second === 'all') {
          this.unlistens = true;
          this.dropsStatements = true;
        }
        break;
      case 'deallocate':
        if (mayBeOurs(second === 'prepare' ? third : second)) this.dropsStatements = true;
        break;
      case undefined:
        break;
    }
    this.#words = [];
    this.#isBeginning = true;
    this.#depth = 0;
    this.#before = '';
  }
}
