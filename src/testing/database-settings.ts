import type { Connection } from '../client/connection.ts';
import { quoteIdentifier, quoteLiteral } from '../sql/quote.ts';

/**
 * Gives a database the settings that `ALTER DATABASE … SET` and `ALTER ROLE … IN DATABASE … SET` have given
 * to another: they are no part of what CREATE DATABASE copies of its template.
 */
export async function copySettings(admin: Connection, from: string, to: string): Promise<void> {
  const settings = await admin.fetch<{ name: string; value: string; role: string | null }>(
    `SELECT split_part(entry, '=', 1) AS name, substr(entry, strpos(entry, '=') + 1) AS value, r.rolname AS role
     FROM pg_db_role_setting s JOIN pg_database d ON d.oid = s.setdatabase
     LEFT JOIN pg_roles r ON r.oid = s.setrole, unnest(s.setconfig) AS entry
     WHERE d.datname = $1`,
    from,
  );
  for (const { name, value, role } of settings) {
    const whose =
      role === null ? `DATABASE ${to}` : `ROLE ${quoteIdentifier(role)} IN DATABASE ${to}`;
    const values = LISTS.has(name) ? namesOf(value) : [value];
    const literals = values.map(quoteLiteral).join(', ');
    await admin.execute(`ALTER ${whose} SET ${quoteIdentifier(name)} TO ${literals}`);
  }
}

/** The settings that are lists of names, each quoted where it has to be; as pg_dump knows them. */
const LISTS: ReadonlySet<string> = new Set([
  'local_preload_libraries',
  'search_path',
  'session_preload_libraries',
  'shared_preload_libraries',
  'temp_tablespaces',
  'unix_socket_directories',
]);

/** The names of such a list; an empty one has one that is empty. */
function namesOf(list: string): string[] {
  const names = [...list.matchAll(/"((?:[^"]|"")*)"|[^",\s][^",]*/g)];
  if (names.length === 0) return [''];
  return names.map(([all, quoted]) => quoted?.replaceAll('""', '"') ?? all.trim());
}
