import { TEXT } from '../../codecs/oids.ts';
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

/**
 * Waits until nothing is under way that may change the session's surroundings, and asks the server
 * for what it has not told of them.
 */
export async function settle(session: RequestHost, parent: Request): Promise<void> {
  const { server, statements } = session;
  const { surroundings } = statements;
  await surroundings.whenAnswered();
  if (!surroundings.isUnknown || session.transactionStatus === 'E') return;
  if (!server.capabilities.discard) {
    surroundings.told(null);
    return;
  }
  const names = surroundings.unreported;
  const rows = await runCatalogQuery(session, parent, settingsQuery, [names.join(',')]);
  surroundings.told(rows.map((row) => row['value'] as string | null));
}
