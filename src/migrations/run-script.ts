import { type Script, type Statement, utf16Offset } from './script.ts';

/** What a script is run on: a connection of the driver's. */
export interface ScriptConnection {
  readonly isClosed: boolean;
  isInTransaction(): boolean;
  execute(text: string): Promise<unknown>;
  fetchVal(text: string): Promise<unknown>;
}

/** How a script is run. */
export interface ScriptRun {
  /** Whether a role that is not there, to which tables are given or granted, is made. */
  readonly makesRoles: boolean;
  /** Carries out COPY … FROM STDIN with its rows; without it they are passed over. */
  readonly copy?: (statement: string, rows: string) => Promise<unknown>;
}

/** What a script has failed with. */
export interface ScriptFailure {
  /** Where in the script, in UTF-16 units. */
  readonly at: number;
  /** Null where it leaves a transaction open, which would undo all that follows. */
  readonly error: ScriptError | null;
  /** The role that it wants and the server does not have, if that is why. */
  readonly missingRole: string | null;
}

/** An error of the server's has these; all may be missing. */
interface ScriptError extends Error {
  readonly sqlstate?: string | null;
  readonly hint?: string | null;
  readonly position?: number | null;
  readonly serverSourceFunction?: string | null;
}

/**
 * CREATE INDEX CONCURRENTLY, VACUUM and their like; a label that the same transaction has added to an enum; a procedure
 * that commits.
 */
const IN_NO_TRANSACTION = new Set(['25001', '55P04', '2D000']);
/** A role is there already: it is one of the server's, which another database may have made. */
const IS_THERE = '42710';

const OWN_TRANSACTION = new Set(['begin', 'start', 'commit', 'end']);

/**
 * Runs one of several scripts: in one transaction, unless it has its own or cannot be in one. A search path that it
 * empties, as those of pg_dump do, is that of the others again.
 *
 * @returns null if all went well
 * @throws what loses the connection
 */
export async function runScript(
  on: ScriptConnection,
  { sql, statements }: Script,
  run: ScriptRun,
): Promise<ScriptFailure | null> {
  const each = statements.filter(({ rows }) => rows === null || run.copy !== undefined);
  const failed = each.some(({ verb }) => OWN_TRANSACTION.has(verb))
    ? await execute(on, each, run)
    : await executeAsOne(on, sql, each, run);
  if (failed !== null) return failed;
  if (on.isInTransaction()) {
    return { at: sql.trimEnd().length - 1, error: null, missingRole: null };
  }
  if ((await on.fetchVal('SHOW search_path')) === '') await on.execute('RESET search_path');
  return null;
}

/** As one transaction; where that does not go, it has left nothing. */
async function executeAsOne(
  on: ScriptConnection,
  sql: string,
  statements: readonly Statement[],
  run: ScriptRun,
): Promise<ScriptFailure | null> {
  const last = statements.at(-1);
  const hasRows = statements.some(({ rows }) => rows !== null);
  const failed = await execute(
    on,
    hasRows ? [other('BEGIN', 0), ...statements, other('COMMIT', last!.at)] : [other(sql, 0)],
    run,
  );
  if (failed === null) return null;
  const { error } = failed;
  const isRefused = IN_NO_TRANSACTION.has(error?.sqlstate ?? '');
  return isRefused || (!hasRows && wantsPlace(failed)) ? execute(on, statements, run) : failed;
}

/** What is run beside the statements of a script, or in place of them. */
function other(text: string, at: number): Statement {
  return { text, start: 0, at, verb: '', rows: null };
}

/** Run by its statements, a script tells which one has failed. */
function wantsPlace({ error }: ScriptFailure): boolean {
  return (error?.position ?? null) === null;
}

async function execute(
  on: ScriptConnection,
  statements: readonly Statement[],
  { makesRoles, copy }: ScriptRun,
): Promise<ScriptFailure | null> {
  const made = new Set<string>();
  const passedOver = new Set<Statement>();
  /** The statement to go on from where a transaction was lost. */
  let first = 0;
  for (let index = 0; index < statements.length; index += 1) {
    const statement = statements[index]!;
    if (passedOver.has(statement)) continue;
    if (!on.isInTransaction()) first = index;
    const { text, start, at, rows } = statement;
    try {
      await (rows === null ? on.execute(text) : copy?.(text, rows));
    } catch (error) {
      if (!(error instanceof Error) || on.isClosed) throw error;
      const { position = null } = error as ScriptError;
      const place = position === null ? at : start + utf16Offset(text, position - 1);
      if (on.isInTransaction()) await on.execute('ROLLBACK');
      const role = await missingRole(on, error);
      if (role !== null && makesRoles && !made.has(role)) made.add(role);
      else if (makesRoleThatIsThere(statement, error)) passedOver.add(statement);
      else return { at: place, error, missingRole: role };
      if (role !== null) await on.execute(`CREATE ROLE "${role.replaceAll('"', '""')}"`);
      index = first - 1;
    }
  }
  return null;
}

/** A role is not there; for SET ROLE and SET SESSION AUTHORIZATION it is a value that cannot be set. */
const IS_NOT_THERE = new Set(['42704', '22023']);
/** A role that no server has. */
const NO_ROLE = 'asyncpg_has_no_such_role';

/** The role that a statement has failed for want of. The server says so in any language, and is had to say it of another. */
async function missingRole(
  on: ScriptConnection,
  { message, sqlstate }: ScriptError,
): Promise<string | null> {
  if (!IS_NOT_THERE.has(sqlstate ?? '')) return null;
  const said = await saidOf(on, NO_ROLE);
  const at = said.indexOf(NO_ROLE);
  const before = said.slice(0, at);
  const behind = said.slice(at + NO_ROLE.length);
  const fits = at >= 0 && message.startsWith(before) && message.endsWith(behind);
  return fits ? message.slice(before.length, message.length - behind.length) : null;
}

/** What the server says of a role that it does not have. */
async function saidOf(on: ScriptConnection, role: string): Promise<string> {
  try {
    await on.fetchVal(`SELECT '${role}'::pg_catalog.regrole`);
  } catch (error) {
    if (!(error instanceof Error) || on.isClosed) throw error;
    return error.message;
  }
  return '';
}

function makesRoleThatIsThere(
  { verb, text, at, start }: Statement,
  { sqlstate }: ScriptError,
): boolean {
  if (sqlstate !== IS_THERE || verb !== 'create') return false;
  return /^CREATE\s+(?:ROLE|USER|GROUP)\b/i.test(text.slice(at - start));
}
