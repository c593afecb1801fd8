/** Space, comments and parentheses in front of the first word. */
const LEAD = String.raw`^(?:[\s(]|--[^\n]*\n|/\*(?:(?!\*/|/\*)[\s\S])*\*/)*`;

/** Statements that may share a session with others' while they run. */
const SHAREABLE = new RegExp(
  `${LEAD}(?:select|insert|update|delete|merge|with|values|table|explain|show|notify)\\b`,
  'i',
);

/**
 * Statements that leave nothing in the session once their transaction is over. Whatever does
 * not begin with one of these words, or holds several statements, may leave something.
 */
const CLEAN = new RegExp(
  `${LEAD}(?:begin|start\\s+transaction|commit|end|rollback|abort|savepoint|release|lock|` +
    'set\\s+(?:local|transaction)|copy|fetch|move|close|create|alter|drop|truncate|comment|' +
    'grant|revoke|vacuum|analyze|reindex|refresh)\\b',
  'i',
);

/** Functions and clauses by which even those change the session. */
const SUSPECT =
  /set_config|advisory|dblink|(?:\b|pg_)temp(?:orary)?\b|setval|setseed|pg_(?:start_)?backup|replication_(?:slot|origin)/i;

/** A semicolon that is not the last character. */
const SEVERAL = /;(?!\s*$)/;

const PREPARE = /\bprepare\b/i;

const CHANGE_OF_SCHEMA = /\b(?:create|alter|drop)\b/i;

type Verdict = 'shareable' | 'clean' | 'dirt';

const verdicts = new Map<string, Verdict>();
const MAX_VERDICTS = 2000;
/** Longer texts, in characters, are judged each time: they are rarely met twice. */
const MAX_TEXT = 8192;

function judge(text: string): Verdict {
  if (SEVERAL.test(text) || SUSPECT.test(text)) return 'dirt';
  if (SHAREABLE.test(text)) return 'shareable';
  return CLEAN.test(text) ? 'clean' : 'dirt';
}

function verdictOf(text: string): Verdict {
  let verdict = verdicts.get(text);
  if (verdict === undefined) {
    verdict = judge(text);
    if (text.length <= MAX_TEXT) {
      if (verdicts.size >= MAX_VERDICTS) verdicts.clear();
      verdicts.set(text, verdict);
    }
  }
  return verdict;
}

/**
 * Whether a query may change the session beyond its transaction (settings, locks, temporary
 * tables, LISTEN), so that it must be reset before somebody else gets it. In doubt it may.
 * A function of the user's own that does so unseen needs the pool's `reset` hook.
 */
export function mayLeaveDirt(text: string): boolean {
  return verdictOf(text) === 'dirt';
}

/** Whether a query leaves the session, and whatever runs on it next, as if it had not been. */
export function isShareable(text: string): boolean {
  return verdictOf(text) === 'shareable';
}

/** Whether a query may make the server keep a statement under a name. */
export function mentionsPrepare(text: string): boolean {
  return PREPARE.test(text);
}

/** Whether a query may change what statements were prepared for. */
export function mayChangeSchema(text: string): boolean {
  return verdictOf(text) !== 'shareable' && CHANGE_OF_SCHEMA.test(text);
}
