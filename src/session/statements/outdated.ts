import { nameOfGone } from '../../codecs/type-description.ts';
import { InvalidArgumentError, OutdatedSchemaCacheError } from '../../errors/client-errors.ts';
import {
  InvalidCachedStatementError,
  InvalidSQLStatementNameError,
} from '../../errors/generated/sqlstate.ts';
import { PostgresError } from '../../errors/postgres-error.ts';
import { isWrongColumnCount } from '../../errors/server-message.ts';
import type { Request, RequestHost } from '../request.ts';
import { learnTypes, refreshTypes, statementFor } from './preparation.ts';
import { type Statement, typesOf } from './statement.ts';

/**
 * What Parse or Bind may fail with when an unnamed statement's types are no longer those that
 * it was described with, by the class of the SQLSTATE: unsupported feature, syntax error or
 * access rule violation, protocol violation; or with an internal error (see `isGone`).
 */
const OUTDATED_DESCRIPTION = new Set(['0A', '42', '08']);

/**
 * What Bind fails with when the types of the parameters no longer go with the statement's tables:
 * datatype mismatch, undefined or ambiguous function or operator, no such cast. A composite
 * argument with the attributes that its type had before is a mismatch too.
 */
const MISFITS = new Set(['42804', '42883', '42725', '42846']);

/** Functions of the server by which a plan finds that rows or types are not those that it was made for. */
const CHECKS: ReadonlySet<unknown> = new Set([
  'CheckVarSlotCompatibility',
  'ExecEvalFieldSelect',
  'ExecEvalWholeRowVar',
  'tupledesc_match',
  'lookup_type_cache',
]);

/** How the server says, in no other language, that what a plan has by its number is gone. */
const GONE = /^(?:cache lookup failed|could not (?:find|open)|attribute )/;

/** Functions of the user's own and extensions raise internal errors too: these say nothing of a plan. */
function isGone({ sqlstate, message }: PostgresError): boolean {
  return sqlstate === 'XX000' && GONE.test(message);
}

/**
 * Whether a statement may have failed by a plan that the server has kept although it is wrong now: its function
 * returns rows of a table that has changed, or it has a constant of a type that is gone. Unlike others this may be
 * found while it is executed.
 */
export function hasOldPlan(error: unknown): boolean {
  if (!(error instanceof PostgresError)) return false;
  return CHECKS.has(error.serverSourceFunction) || isGone(error);
}

/** Whether the server no longer has, or no longer honours, what was prepared. */
function isOutdatedPlan(error: PostgresError): boolean {
  return (
    error instanceof InvalidCachedStatementError ||
    error instanceof InvalidSQLStatementNameError ||
    // A type of a parameter is gone: "cache lookup failed for type 12345".
    isGone(error)
  );
}

/**
 * Whether a failure may come from what the session knows of a statement and not from the
 * statement itself. It has to be one from before its execution.
 */
export function isOutdated(
  session: RequestHost,
  statement: Statement | null,
  error: unknown,
): boolean {
  if (statement === null) return false;
  const remembered =
    statement.name === '' && session.statements.unnamed.has(statement.text, statement);
  if (error instanceof PostgresError) {
    const sqlstate = error.sqlstate ?? '';
    if (remembered) return isGone(error) || OUTDATED_DESCRIPTION.has(sqlstate.slice(0, 2));
    return (
      hasOldPlan(error) ||
      isOutdatedPlan(error) ||
      MISFITS.has(sqlstate) ||
      isWrongColumnCount(error)
    );
  }
  return (
    error instanceof InvalidArgumentError &&
    (remembered ||
      hasComposites(session, statement) ||
      hasGone(statement) ||
      session.statements.named.isDoubtful(statement.text, statement))
  );
}

function hasComposites({ registry }: RequestHost, { description }: Statement): boolean {
  return registry.composites(description.parameterOids).length > 0;
}

/** Whether the type of a parameter was dropped: of one that was made anew the number is another. */
function hasGone({ parameters }: Statement): boolean {
  return parameters.some(({ type }) => type.name === nameOfGone(type.oid));
}

/** Forgets what an error has shown to be outdated: the next request asks for it again. */
export function forgetOutdated(
  session: RequestHost,
  error: unknown,
  statement: Statement | null,
): void {
  if (!(error instanceof PostgresError)) return;
  // One of the caller's own is not used any more, unless it is in another session of a pooler.
  if (statement !== null && !(error instanceof InvalidSQLStatementNameError))
    statement.scope = null;
  if (statement !== null && error.sqlstate === '42804' && hasComposites(session, statement)) {
    session.registry.forget();
    forgetMisfit(session, statement);
  } else if (isOutdatedPlan(error)) {
    session.statements.forget(!(error instanceof InvalidSQLStatementNameError));
  } else if (error.sqlstate?.startsWith('42')) {
    // It may as well be wrong by itself: that says nothing of other statements.
    if (statement !== null) forgetMisfit(session, statement);
  } else {
    session.statements.unnamed.clear();
  }
}

/**
 * Whether a statement's name is of no use, although the statement was forgotten and prepared
 * anew before it was repeated. There is a pooler then, which hands each transaction to another
 * of its server sessions, or goes by the text and takes the old plan once more (PgBouncer with
 * max_prepared_statements). The session does without names for a time, and one more try is
 * certain to find what it needs.
 */
export function givesUpNames(
  session: RequestHost,
  statement: Statement | null,
  error: unknown,
): boolean {
  if (
    !statement?.name ||
    !(error instanceof InvalidSQLStatementNameError || error instanceof InvalidCachedStatementError)
  ) {
    return false;
  }
  session.statements.named.giveUp();
  return true;
}

/**
 * Forgets a statement that an argument did not fit, so that the next call asks for it again:
 * another session may have changed its types. This call fails before anything is sent.
 */
export function forgetMisfit(session: RequestHost, statement: Statement): void {
  const { text } = statement;
  session.statements.unnamed.delete(text);
  session.statements.named.deleteStatement(text, statement);
}

/**
 * The statement as the server describes it now, after an argument did not fit what was known of
 * it. Fails with `error`, the reason for that, if nothing has changed.
 */
export async function refreshedStatement(
  session: RequestHost,
  parent: Request,
  statement: Statement,
  error: unknown,
): Promise<Statement> {
  const { description, text } = statement;
  const composites = session.registry.composites(description.parameterOids);
  const changed = await refreshTypes(session, parent, composites);
  for (const store of [session.statements.named, session.statements.unnamed]) {
    if (!store.deleteStatement(text, statement)) continue;
    return statementFor(session, parent, text, null, store === session.statements.named);
  }
  if (!changed) throw error;
  await learnTypes(session, parent, typesOf(description));
  return statement.recompiled(session.registry);
}

/** What a call is rejected with whose failure is not repeated away. */
export function asOutdated(error: unknown): unknown {
  if (error instanceof PostgresError && isWrongColumnCount(error)) {
    return new OutdatedSchemaCacheError('the columns of the query have changed on the server', {
      hint: 'They are asked for with the next call, which is right.',
      cause: error,
      isTransient: true,
    });
  }
  return error;
}
