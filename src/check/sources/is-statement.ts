/** What may stand in front of a statement. */
const AHEAD = /^(?:\s|--[^\n]*\n|\/\*[\s\S]*?\*\/|\()*/;
/** Words that a query begins with: many things have a method `fetch` or `execute`. */
const QUERY = /^(?:SELECT|INSERT|UPDATE|DELETE|MERGE|WITH|VALUES|TABLE)\b/i;
/** Words that other statements begin with, of which lower case is no sign. */
const STATEMENT =
  /^(?:ALTER|ANALYZE|BEGIN|CALL|CLUSTER|COMMENT ON|COMMIT|CREATE|DEALLOCATE|DISCARD|DO|DROP|EXPLAIN|GRANT|LISTEN|LOCK|NOTIFY|REFRESH|REINDEX|RELEASE|RESET|REVOKE|ROLLBACK|SAVEPOINT|SET|SHOW|START TRANSACTION|TRUNCATE|UNLISTEN|VACUUM)\b/;

/** A first word in capitals, with something behind it. */
const CAPITALS = /^([A-Z]{3,8})\s+\S/;
/** Those that no other word is one slip from. */
const VERBS = ['SELECT', 'INSERT', 'UPDATE', 'DELETE'];

/** Whether a text begins as a query does, and not as another statement. */
export function beginsQuery(text: string): boolean {
  return QUERY.test(text.replace(AHEAD, ''));
}

/** Whether a text is one, as it begins: many things have a method `fetch` that is given something else. */
export function isStatement(text: string): boolean {
  const statement = text.replace(AHEAD, '');
  return QUERY.test(statement) || STATEMENT.test(statement) || isMisspelt(statement);
}

/** Whether the first word is one of a query with a slip of the pen, which the server then tells. */
function isMisspelt(statement: string): boolean {
  const word = CAPITALS.exec(statement)?.[1];
  return word !== undefined && VERBS.some((verb) => isOneSlipFrom(word, verb));
}

/** Whether a letter is missing, there twice or another one, or two have changed places. */
function isOneSlipFrom(word: string, right: string): boolean {
  let same = 0;
  while (same < right.length && word[same] === right[same]) same += 1;
  const rest = word.slice(same);
  const wanted = right.slice(same);
  const [first, second] = wanted;
  return (
    rest.slice(1) === wanted ||
    rest === wanted.slice(1) ||
    rest.slice(1) === wanted.slice(1) ||
    rest === `${second}${first}${wanted.slice(2)}`
  );
}
