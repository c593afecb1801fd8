import type { Connection } from '../client/connection.ts';
import { quoteIdentifier } from '../sql/quote.ts';

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
    // FROM CURRENT takes the value as it is: a list of names needs no quotes of ours.
    await admin.transaction(async (tx) => {
      await tx.fetchVal('SELECT set_config($1, $2, true)', name, value);
      await tx.execute(`ALTER ${whose} SET ${quoteIdentifier(name)} FROM CURRENT`);
    });
  }
}
