import { TEXT } from '../../codecs/codec.ts';
import type { CodecSource } from '../../codecs/codec-source.ts';
import { type Column, compileRowDecoder } from '../../codecs/compilers/row-decoder.ts';
import type { FieldDescription } from '../../protocol/backend/result.ts';
import type { Row } from '../../values/row.ts';
import type { Request, RequestHost } from '../request.ts';
import { IntrospectionRequest } from '../requests/introspection-request.ts';
import { runInner } from '../run-inner.ts';
import { learnArrayNulls } from './array-nulls.ts';
import { Statement } from './statement.ts';

/** What one of the driver's own queries takes and returns: the OIDs of built-in types. */
export interface CatalogQuery {
  readonly text: string;
  readonly parameterOids: readonly number[];
  readonly columns: readonly (readonly [name: string, oid: number])[];
}

const statements = new WeakMap<CatalogQuery, Statement>();

/** Runs one of the driver's own queries, in one flight, for a request that holds the queue. */
export async function runCatalogQuery(
  session: RequestHost,
  parent: Request,
  query: CatalogQuery,
  args: readonly unknown[],
): Promise<Row[]> {
  let statement = statements.get(query);
  if (statement === undefined) {
    await session.catalogCodecs.load?.([...query.parameterOids, ...columnOids(query)]);
    statement = ownStatement(query, session.catalogCodecs);
    statements.set(query, statement);
  }
  return runInner(session, parent, new IntrospectionRequest(statement, args));
}

/**
 * The same, for a query whose parameters are of the session's types: their codecs are the
 * session's, those of the result are not.
 */
export async function runCatalogQueryWith(
  session: RequestHost,
  parent: Request,
  query: CatalogQuery,
  args: readonly unknown[],
): Promise<Row[]> {
  const { text, parameterOids } = query;
  await session.catalogCodecs.load?.(columnOids(query));
  const statement = new Statement(text, '', { parameterOids, fields: null }, session.registry);
  if (statement.sendsArrayTexts) await learnArrayNulls(session, parent);
  // Without columns of its own, the statement asks for every column as text.
  const columns = query.columns.map(
    ([name, oid]): Column => ({
      name,
      codec: session.catalogCodecs.codec(oid)!,
      format: TEXT,
    }),
  );
  const decoder = compileRowDecoder(columns, false);
  return runInner(session, parent, new IntrospectionRequest(statement, args, decoder));
}

function columnOids({ columns }: CatalogQuery): number[] {
  return columns.map(([, oid]) => oid);
}

function ownStatement(
  { text, parameterOids, columns }: CatalogQuery,
  codecs: CodecSource,
): Statement {
  const fields = columns.map(
    ([name, typeOid]): FieldDescription => ({
      name,
      typeOid,
      tableOid: 0,
      columnNumber: 0,
      typeSize: -1,
      typeModifier: -1,
      format: TEXT,
    }),
  );
  return new Statement(text, '', { parameterOids, fields }, codecs);
}
