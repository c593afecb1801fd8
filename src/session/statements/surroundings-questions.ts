import { BOOL, TEXT } from '../../codecs/oids.ts';
import type { Request, RequestHost } from '../request.ts';
import { type CatalogQuery, runCatalogQuery } from './catalog-query.ts';

/** The values of some settings, in the order of their names. */
const settingsQuery: CatalogQuery = {
  text: `
SELECT pg_catalog.current_setting(s.name, true) AS value
FROM ROWS FROM (pg_catalog.unnest(pg_catalog.string_to_array($1, ','))) WITH ORDINALITY AS s (name, place)
ORDER BY s.place`,
  parameterOids: [TEXT],
  columns: [['value', TEXT]],
};

const userSchemasQuery: CatalogQuery = {
  text: `
SELECT EXISTS (
  SELECT FROM pg_catalog.pg_namespace n, pg_catalog.pg_roles r
  WHERE n.nspname OPERATOR(pg_catalog.=) r.rolname
) AS found`,
  parameterOids: [],
  columns: [['found', BOOL]],
};

/** Asks the server for the setting `array_nulls` that the session has begun with. */
export async function askForArrayNulls(session: RequestHost, parent: Request): Promise<void> {
  const { server, statements } = session;
  const [row] = server.capabilities.discard
    ? await runCatalogQuery(session, parent, settingsQuery, ['array_nulls'])
    : [];
  statements.surroundings.arrayNulls.told((row?.['value'] as string | null | undefined) ?? 'on');
}

/** Asks the server for what it has not told of the session's surroundings. */
export async function askForSurroundings(session: RequestHost, parent: Request): Promise<void> {
  const { server, statements } = session;
  const { surroundings } = statements;
  const canTell = server.capabilities.discard;
  if (surroundings.hasUnknownValues) {
    const names = surroundings.unreported;
    const rows = canTell
      ? await runCatalogQuery(session, parent, settingsQuery, [names.join(',')])
      : null;
    surroundings.told(rows?.map((row) => row['value'] as string | null) ?? null);
  }
  if (surroundings.needsUserSchemas) {
    const [row] = canTell ? await runCatalogQuery(session, parent, userSchemasQuery, []) : [];
    surroundings.toldUserSchemas(row === undefined || row['found'] === true);
  }
}
