import { Lexer } from './lexer.ts';

/** Objects whose names a statement's text may have: a new one may stand for another from now on. */
const NAMED = new Set('table view sequence type domain'.split(' '));

/** Others that are found by more than a name, or unseen: functions, operators, casts. */
const FOUND_OTHERWISE = new Set(
  'function procedure aggregate operator cast extension rule'.split(' '),
);

/** Objects that are in a plan by their numbers, so that it goes on when they are dropped. */
const KEPT_IN_PLANS = new Set('type domain text cast operator collation extension'.split(' '));

/** What may stand between the verb and the object. */
const MODIFIERS = new Set(
  'or replace local global temp temporary unlogged materialized foreign recursive'.split(' '),
);

/**
 * The names, in small letters and without their schemas, that the definitions of a text give to
 * tables, views, types and the like, and those of what they alter, or drop where plans go on with it.
 * Null: it may be any, as it may for what is not read here.
 */
export function madeNames(text: string, backslashes: boolean): readonly string[] | null {
  const lexer = new Lexer(text, backslashes);
  const names: string[] = [];
  let words: string[] = [];
  for (;;) {
    const isPiece = lexer.next();
    const { token, start, end } = lexer;
    if (isPiece && (token === 'blank' || token === 'comment')) continue;
    if (isPiece && token !== 'semicolon') {
      words.push(wordOf(token, text.slice(start, end)));
      continue;
    }
    if (!addNames(words, names)) return null;
    if (!isPiece) return names;
    words = [];
  }
}

function wordOf(token: Lexer['token'], piece: string): string {
  if (token !== 'quoted name' || !piece.startsWith('"')) return piece.toLowerCase();
  return piece.slice(1, -1).replaceAll('""', '"').toLowerCase();
}

/** Adds the names that one statement gives; false: it may give any. */
function addNames(words: readonly string[], names: string[]): boolean {
  const [verb] = words;
  switch (verb) {
    case 'do':
    case 'call':
    case 'import':
      return false;
    case 'create': {
      let at = 1;
      while (MODIFIERS.has(words[at] ?? '')) at += 1;
      const object = words[at] ?? '';
      if (FOUND_OTHERWISE.has(object)) return false;
      if (object === 'schema') return !words.includes('create', at);
      if (NAMED.has(object)) names.push(nameAt(words, at + 1));
      return true;
    }
    case 'alter': {
      const to = words.lastIndexOf('to');
      if (words[to - 1] === 'rename') names.push(nameAt(words, to + 1));
      const schema = words.indexOf('schema');
      if (schema > 1) return false;
      names.push(changedName(words));
      return true;
    }
    case 'drop':
      // The server knows what has become of other objects that a statement names.
      if (!KEPT_IN_PLANS.has(words[1] ?? '')) return true;
      names.push(...words.slice(2).filter((word) => /\w/.test(word)));
      return true;
    default: {
      const into = words.findIndex(
        (word, i) => word === 'into' && words[i - 1] !== 'insert' && words[i - 1] !== 'merge',
      );
      if (into < 0) return true;
      let at = into + 1;
      while (MODIFIERS.has(words[at] ?? '') || words[at] === 'table') at += 1;
      names.push(nameAt(words, at));
      return true;
    }
  }
}

/** The name of what is altered: ALTER TABLE [IF EXISTS] [ONLY] …, ALTER TEXT SEARCH CONFIGURATION … */
function changedName(words: readonly string[]): string {
  let at = words[1] === 'text' ? 4 : 2;
  if (words[1] === 'materialized' || words[1] === 'foreign') at += 1;
  if (words[at] === 'if') at += 2;
  if (words[at] === 'only') at += 1;
  return nameAt(words, at);
}

/** The name at a place, without the schema that it is qualified with. */
function nameAt(words: readonly string[], from: number): string {
  let at = from;
  if (words[at] === 'if') at += 3;
  while (words[at + 1] === '.') at += 2;
  return words[at] ?? '';
}
