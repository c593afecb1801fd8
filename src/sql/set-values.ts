import type { Token } from './lexer.ts';

/** What may have `SET name TO value` in it, at its beginning or further on. UPDATE's SET is of columns. */
const SETTING: ReadonlySet<string> = new Set(['SET', 'ALTER', 'CREATE']);

/**
 * Tells which words and quoted names of a text are values of settings: `SET app.user TO ada` has them without
 * quotes. It is given each piece of the text in its order.
 */
export class SetValues {
  /** The piece that is expected next; `none`: nothing of a SET. */
  #state: 'begin' | 'none' | 'name' | 'scope' | 'named' | 'value' | 'valued' = 'begin';
  #maySet = false;
  /** The statement is SET itself: behind the first value are only others. */
  #isSet = false;
  #before = '';

  /** @param piece as it is written */
  isValue(token: Token, piece: string): boolean {
    if (token === 'blank' || token === 'comment') return false;
    if (token === 'semicolon') {
      this.#state = 'begin';
      return false;
    }
    const word = token === 'word' ? piece.toUpperCase() : '';
    switch (this.#state) {
      case 'begin':
        this.#maySet = SETTING.has(word);
        this.#isSet = word === 'SET';
        this.#state = this.#isSet ? 'name' : 'none';
        return false;
      case 'name':
        this.#state = word === 'LOCAL' || word === 'SESSION' ? 'scope' : 'named';
        return false;
      case 'scope':
        // It is the name itself in SET session.user_id TO ada.
        if (piece === '.') this.#state = 'name';
        else if (word === 'TO' || piece === '=') this.#state = 'value';
        else if (word !== 'LOCAL' && word !== 'SESSION') this.#state = 'named';
        return false;
      case 'named':
        if (word === 'TO' || piece === '=') this.#state = 'value';
        // A setting's name has no blank in it, only points, which are pieces of their own.
        else if (piece === '.') this.#state = 'name';
        else this.#leave(word);
        return false;
      case 'value':
        // The sign of a number.
        if (token === 'operator') return false;
        this.#state = 'valued';
        return token === 'quoted name' || (word !== '' && word !== 'DEFAULT');
      case 'valued':
        // What is wrong there, as in SET a.token TO b.c, is a value in what its author meant.
        if (this.#isSet) return word !== '' || token === 'quoted name';
        if (piece === ',') this.#state = 'value';
        else this.#leave(word);
        return false;
      default:
        this.#leave(word);
        return false;
    }
  }

  #leave(word: string): void {
    // What a rule or the body of a function does: SET is that of UPDATE from here on.
    if (word === 'DO' || (word === 'ATOMIC' && this.#before === 'BEGIN')) this.#maySet = false;
    this.#before = word;
    this.#state = word === 'SET' && this.#maySet ? 'name' : 'none';
  }
}
