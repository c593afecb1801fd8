/**
 * Statements that leave nothing in the session once their transaction is over. Whatever does
 * not begin with one of these words, or holds several statements, may leave something.
 */
const CLEAN =
  /^\s*(?:select|insert|update|delete|merge|with|values|table|begin|commit|rollback|savepoint|release|start\s+transaction|copy|explain|show|notify)\b/i;

/** Functions and clauses by which even those change the session. */
const SUSPECT = /set_config|advisory|dblink|\btemp(?:orary)?\b|\bsetval\b|\binto\s+temp/i;

const verdicts = new Map<string, boolean>();
const MAX_VERDICTS = 2000;

/**
 * Whether a query may change the session beyond its transaction (settings, locks, temporary
 * tables, LISTEN), so that it must be reset before somebody else gets it. In doubt it may.
 * A function of the user's own that does so unseen needs the pool's `reset` hook.
 */
export function mayLeaveDirt(text: string): boolean {
  let verdict = verdicts.get(text);
  if (verdict === undefined) {
    verdict = !CLEAN.test(text) || SUSPECT.test(text) || text.includes(';');
    if (verdicts.size >= MAX_VERDICTS) verdicts.clear();
    verdicts.set(text, verdict);
  }
  return verdict;
}

/** Statements that may share a session with others' while they run. */
const SHAREABLE =
  /^\s*(?:select|insert|update|delete|merge|with|values|table|explain|show|notify)\b/i;

/** Whether a query leaves the session, and whatever runs on it next, as if it had not been. */
export function isShareable(text: string): boolean {
  return SHAREABLE.test(text) && !mayLeaveDirt(text);
}
