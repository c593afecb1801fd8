import type { Attributes } from '@opentelemetry/api';
import { PostgresError } from '../../errors/postgres-error.ts';
import { type QuerySummary, querySummary, shortened } from '../../sql/query-summary.ts';
import { withoutLiterals } from '../../sql/without-literals.ts';
import { isError } from '../../values/builtins.ts';
import type { Message } from './messages.ts';

/** Texts whose summaries are kept. A program has few, or each is another one and none is worth keeping. */
const KEPT = 500;
/** A text as long as this is a script or made of data. */
const LONG = 10_000;

/** What spans and metrics say of a text. */
interface Described {
  readonly summary: QuerySummary;
  readonly text: string | null;
}

const known = new Map<string, Described>();

function describe(text: string): Described {
  const found = known.get(text);
  if (found !== undefined) return found;
  const described = { summary: querySummary(text), text: withoutLiterals(text) };
  if (text.length < LONG) {
    if (known.size >= KEPT) known.delete(known.keys().next().value!);
    known.set(text, described);
  }
  return described;
}

/** Where a call went: server.address, server.port and db.namespace. */
export function placeOf({ host, port, hosts, database }: Message): Attributes {
  const place = host === undefined ? (hosts?.length === 1 ? hosts[0]! : null) : { host, port };
  const attributes: Attributes = { 'db.system.name': 'postgresql' };
  if (database !== undefined) attributes['db.namespace'] = database;
  if (place === null) return attributes;
  attributes['server.address'] = place.host;
  // A socket of the file system has no port.
  if (!/^[/@]/.test(place.host)) attributes['server.port'] = place.port;
  return attributes;
}

/** What the metrics of connections tell their pool by, as it has no name: where it leads. */
export function poolOf({ hosts = [], database = '', pool }: Message): Attributes {
  const places = hosts.map(({ host, port }) => `${host}:${port}`).join(',');
  const name = `${places}/${database}`;
  return { 'db.client.connection.pool.name': pool === undefined ? name : `${name}/${pool}` };
}

/** What a call did: db.operation.name, db.query.summary and db.operation.batch.size. */
export function operationOf(
  kind: 'query' | 'prepare' | 'copy',
  { query = '', batchSize = 1 }: Message,
): Attributes {
  const { summary, operation, statements } = describe(query).summary;
  if (batchSize > 1) {
    const batch = operation === null ? 'BATCH' : `BATCH ${operation}`;
    const isOne = statements.every((statement) => statement === statements[0]);
    return {
      'db.operation.name': batch,
      'db.query.summary':
        isOne && statements.length > 0 ? shortened(`BATCH ${statements[0]}`) : batch,
      'db.operation.batch.size': batchSize,
    };
  }
  if (kind === 'prepare') {
    return {
      'db.operation.name': 'PREPARE',
      'db.query.summary': shortened(`PREPARE ${summary}`.trimEnd()),
    };
  }
  return {
    ...(operation === null ? {} : { 'db.operation.name': operation }),
    ...(summary === '' ? {} : { 'db.query.summary': summary }),
  };
}

/** The text that may be shown, or null. */
export function textOf({ query }: Message): string | null {
  return query === undefined ? null : describe(query).text;
}

/** What a failure is called: never its message, which may quote values. */
export function failureOf(error: unknown): Attributes {
  if (error instanceof PostgresError && error.sqlstate !== null) {
    return { 'db.response.status_code': error.sqlstate, 'error.type': error.sqlstate };
  }
  return { 'error.type': nameOf(error) };
}

/** The name of its class. */
export function nameOf(error: unknown): string {
  return isError(error) && error.name !== '' ? error.name : '_OTHER';
}
