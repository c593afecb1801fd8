import { InternalClientError } from '../../errors/client-errors.ts';
import { InvalidCachedStatementError } from '../../errors/generated/sqlstate.ts';
import { PostgresError } from '../../errors/postgres-error.ts';
import { hasSeveralStatements } from '../../sql/several-statements.ts';
import type { NamedForAWhile, Request, RequestHost } from '../request.ts';
import { PrepareRequest } from '../requests/prepare-request.ts';
import { runInner } from '../run-inner.ts';
import { Statement, type StatementDescription, typesOf } from './statement.ts';
import { newStatementName } from './statement-name.ts';

/** Rounds of introspection: each may name types that are still unknown, e.g. of a composite. */
const MAX_ROUNDS = 64;

/**
 * Loads what the registry must know to encode and decode values of these types. Null: it knows it.
 *
 * @param confirm asks for composite types even if they are known. No message has the names of their
 *   attributes, so nothing else would tell that another session has renamed them
 */
export function learnTypes(
  session: RequestHost,
  parent: Request,
  oids: readonly number[],
  confirm: boolean = false,
): Promise<unknown> | null {
  const { registry } = session;
  registry.catchUp();
  const unconfirmed = confirm ? registry.composites(oids) : [];
  const missing = registry.missing(oids);
  if (missing.length === 0 && unconfirmed.length === 0) return registry.load?.(oids) ?? null;
  return askForTypes(session, parent, oids, [...new Set([...missing, ...unconfirmed])]);
}

async function askForTypes(
  session: RequestHost,
  parent: Request,
  oids: readonly number[],
  first: readonly number[],
): Promise<void> {
  const { registry } = session;
  const { introspect } = await session.catalog.open();
  let missing = first;
  for (let round = 0; round < MAX_ROUNDS; round++) {
    registry.define(await introspect(session, parent, missing));
    missing = registry.missing(oids);
    if (missing.length === 0) {
      await registry.load?.(oids);
      return;
    }
  }
  throw new InternalClientError('types refer to each other without end');
}

/** Asks anew for types that are known already. Whether any is not what it was. */
export async function refreshTypes(
  session: RequestHost,
  parent: Request,
  oids: readonly number[],
): Promise<boolean> {
  const { registry } = session;
  const before = registry.typeChanges;
  if (oids.length > 0) {
    const { introspect } = await session.catalog.open();
    registry.define(await introspect(session, parent, oids));
    await registry.load?.(oids);
  }
  return registry.typeChanges !== before;
}

/** Has a statement parsed by the server under `name` and described. */
async function parse(
  session: RequestHost,
  parent: Request,
  text: string,
  name: string,
): Promise<StatementDescription> {
  for (;;) {
    const request = new PrepareRequest(name, text);
    try {
      return await runInner(session, parent, request);
    } catch (error) {
      // The server may have parsed it before it was cancelled, and undoes no preparation.
      if (request.abandoned || request.wasStruck) session.statements.close(name);
      if (!request.wasStruck || session.transactionStatus !== 'I') throw withQuery(error, text);
    }
  }
}

/** The same description, with the domains among its columns that have codecs of their own now. */
async function withDomains(
  session: RequestHost,
  parent: Request,
  text: string,
  name: string,
  { parameterOids, fields }: StatementDescription,
): Promise<StatementDescription> {
  const domains = session.registry.domains!;
  const description = { parameterOids, fields, domainsVersion: domains.version };
  if (fields === null || domains.isEmpty) return description;
  const { domainColumns } = await session.catalog.open();
  // Several statements cannot be prepared.
  const named = hasSeveralStatements(text) ? null : forAWhile(session, parent, text);
  const columnOids = await domainColumns(session, parent, domains, fields, name, named);
  return { ...description, columnOids };
}

/** How the text is prepared under a name for a while. */
function forAWhile(session: RequestHost, parent: Request, text: string): NamedForAWhile {
  return {
    prepare: async () => {
      const given = newStatementName();
      await parse(session, parent, text, given);
      return given;
    },
    close: (given) => session.statements.close(given),
  };
}

/** Makes the types of a description known. The same description, with the domains among its columns that have codecs. */
async function withTypes(
  session: RequestHost,
  parent: Request,
  text: string,
  name: string,
  description: StatementDescription,
): Promise<StatementDescription> {
  const learning = learnTypes(session, parent, typesOf(description), true);
  if (learning !== null) await learning;
  if (session.registry.domains === undefined) return description;
  const described = await withDomains(session, parent, text, name, description);
  await learnAll(session, parent, described);
  return described;
}

/**
 * Makes all types of a description known at the same time. Between two questions another query of a batch may have
 * found that they are in doubt.
 */
export async function learnAll(
  session: RequestHost,
  parent: Request,
  description: StatementDescription,
): Promise<void> {
  const oids = typesOf(description);
  for (;;) {
    const learning = learnTypes(session, parent, oids);
    if (learning === null) return;
    await learning;
  }
}

/** The same statement of a portal, with the domains among its columns that have codecs of their own. */
export async function withDomainsOf(
  session: RequestHost,
  parent: Request,
  statement: Statement,
): Promise<Statement> {
  const { text, description } = statement;
  const present = await withDomains(session, parent, text, '', description);
  await learnAll(session, parent, present);
  return statement.describedAs(present);
}

/**
 * The known statement if its columns are of the domains that they were of, else what is to be known of it now. What
 * the server describes a column as is the same for all domains of a type, and for that type. Null: it has to be
 * described anew.
 */
async function withPresentDomains(
  session: RequestHost,
  parent: Request,
  known: Statement,
): Promise<Statement | null> {
  const { registry } = session;
  const { description, text, name } = known;
  const { version } = registry.domains ?? {};
  if (description.domainsVersion === version) return known;
  // Its columns may be others altogether, of which the server would tell for a named one.
  if (name === '') return null;
  const present = await withDomains(session, parent, text, name, description);
  await learnAll(session, parent, present);
  return known.describedAs(present);
}

/** What a query takes and returns, for one that is not executed: it is parsed without a name. */
export async function describeQuery(
  session: RequestHost,
  parent: Request,
  text: string,
): Promise<StatementDescription> {
  return withTypes(session, parent, text, '', await parse(session, parent, text, ''));
}

/** Has a statement prepared on the server under `name` and its types made known. */
export async function prepareStatement(
  session: RequestHost,
  parent: Request,
  text: string,
  name: string,
): Promise<Statement> {
  const parsed = await parse(session, parent, text, name);
  try {
    const description = await withTypes(session, parent, text, name, parsed);
    return new Statement(text, name, description, session.registry);
  } catch (error) {
    // The server has it, and nobody will use it.
    session.statements.close(name);
    throw error;
  }
}

/**
 * The statement for a query that holds the queue: what is known of it, brought up to the
 * present codecs, or a newly prepared one. Fails with an error that names the query.
 */
export async function statementFor(
  session: RequestHost,
  parent: Request,
  text: string,
  given: Statement | null,
  named: boolean,
): Promise<Statement> {
  const store = named ? session.statements.named : session.statements.unnamed;
  const known = given ?? store.get(text);
  try {
    if (known !== undefined) {
      await learnTypes(session, parent, typesOf(known.description), given === null && !named);
      const present = given ?? (await withPresentDomains(session, parent, known));
      if (present !== null) {
        const statement = present.current(session.registry, given !== null);
        if (given === null && statement !== known) store.replace(text, known, statement);
        return statement;
      }
      store.deleteStatement(text, known);
    }
    const statement = named
      ? await prepareNamed(session, parent, text)
      : await prepareStatement(session, parent, text, '');
    const keeper = statement.name === '' ? session.statements.unnamed : store;
    if (keeper.accepts(text)) keeper.set(text, statement);
    return statement;
  } catch (error) {
    throw withQuery(error, text);
  }
}

/** The same error, which says what query it is of, if it can. */
export function withQuery(error: unknown, text: string): unknown {
  if (error instanceof PostgresError) error.query ??= text;
  return error;
}

/**
 * A statement under a new name. If that has an old plan nevertheless, a pooler goes by the text
 * and not by the name (PgBouncer with max_prepared_statements): the session does without names
 * for a time, and the statement is an unnamed one.
 */
async function prepareNamed(
  session: RequestHost,
  parent: Request,
  text: string,
): Promise<Statement> {
  try {
    return await prepareStatement(session, parent, text, newStatementName());
  } catch (error) {
    if (!(error instanceof InvalidCachedStatementError)) throw error;
    session.statements.named.giveUp();
    if (session.transactionStatus !== 'I') throw error;
    return prepareStatement(session, parent, text, '');
  }
}
