import { Lexer } from './lexer.ts';
import { nextPiece } from './opening.ts';

/** Functions by which even a query changes the session, and more than a rollback undoes. */
const LASTING_FUNCTION =
  /set(?:val|seed)|advisory|dblink|pg_(?:start_)?backup|replication_(?:slot|origin)/i;

/** Functions that execute what they are given as a string. */
const EXECUTING_FUNCTION = /query_to_xml|ts_stat|ts_rewrite|crosstab|connectby|xpath_table/i;

/** What changes the session too, but is undone by a rollback. */
const UNDONE_NAME = /set_config|^"?pg_temp/i;

/** The view whose rule calls set_config for each row that is updated. */
const SETTINGS = /^"?pg_settings"?$/i;
const UPDATE = /^update$/i;

const TEMPORARY = /^temp(?:orary)?$/i;
/** What stands in front of TEMPORARY where it is no mere name. */
const BEFORE_TEMPORARY = /^(?:create|replace|local|global|into)$/i;

/** A name in which letters may be written as escapes. */
const ESCAPED_NAME = /^u&"/i;

const CONCURRENTLY = /^concurrently$/i;

/**
 * Texts without a match need not be read word by word: most. A string that is executed is of
 * interest only if there is one in it.
 */
const REMARKABLE =
  /set(?:_config|val|seed)|advisory|dblink|pg_(?:temp|settings|start_backup|backup)|\btemp(?:orary)?\b|replication_(?:slot|origin)/i;

/** What the words of a statement say of its effects. */
export interface Remarks {
  /** It may change the session. */
  readonly isLasting: boolean;
  /** A rollback undoes that. */
  readonly isUndone: boolean;
  readonly isConcurrent: boolean;
}

export const NO_REMARKS: Remarks = { isLasting: false, isUndone: true, isConcurrent: false };

/** Whether a text has to be read word by word for that. */
export function isRemarkable(text: string, isDefinition: boolean): boolean {
  if (REMARKABLE.test(text) || text.includes('&"')) return true;
  return isDefinition && text.toLowerCase().includes('concurrently');
}

export function readRemarks(text: string, backslashes: boolean): Remarks {
  const lexer = new Lexer(text, backslashes);
  let isLasting = false;
  let isUndone = true;
  let isConcurrent = false;
  let isUpdate = false;
  let before = '';
  while (nextPiece(lexer)) {
    const { token, start, end } = lexer;
    const word = token === 'word' ? text.slice(start, end) : '';
    const name = token === 'quoted name' ? text.slice(start, end) : word;
    if (LASTING_FUNCTION.test(name) || EXECUTING_FUNCTION.test(name) || ESCAPED_NAME.test(name)) {
      isLasting = true;
      isUndone = false;
    } else if (UNDONE_NAME.test(name) || (isUpdate && SETTINGS.test(name))) {
      isLasting = true;
    } else if (UPDATE.test(word)) {
      isUpdate = true;
    } else if (TEMPORARY.test(word)) {
      isLasting ||= BEFORE_TEMPORARY.test(before);
    } else if (CONCURRENTLY.test(word)) {
      isConcurrent = true;
    }
    before = word;
  }
  return { isLasting, isUndone, isConcurrent };
}
