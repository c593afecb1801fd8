import type { Connection } from '../client/connection.ts';
import { quoteIdentifier, quoteLiteral } from '../sql/quote.ts';

/**
 * Gives a database what migrations may have given to another that CREATE DATABASE does not copy of its template:
 * settings, owner, privileges, connection limit and comment.
 */
export async function copyProperties(admin: Connection, from: string, to: string): Promise<void> {
  await copySettings(admin, from, to);
  const { limit, comment, owner, isDefault } = (await admin.fetchRow<{
    limit: number;
    comment: string | null;
    owner: string;
    isDefault: boolean;
  }>(
    `SELECT datconnlimit AS limit, shobj_description(oid, 'pg_database') AS comment,
       quote_ident(pg_get_userbyid(datdba)) AS owner, datacl IS NULL AS "isDefault"
     FROM pg_database WHERE datname = $1`,
    from,
  ))!;
  if (limit !== -1) await admin.execute(`ALTER DATABASE ${to} CONNECTION LIMIT ${limit}`);
  if (comment !== null) {
    await admin.execute(`COMMENT ON DATABASE ${to} IS ${quoteLiteral(comment)}`);
  }
  await admin.execute(`ALTER DATABASE ${to} OWNER TO ${owner}`);
  // Privileges are those that a database has from the beginning, unless any were given or taken.
  if (!isDefault) await copyPrivileges(admin, from, to, owner);
}

interface Privilege {
  /** As GRANT has it: a name, in quotes where it has to be, or PUBLIC. */
  readonly role: string;
  readonly privilege: string;
  readonly isGrantable: boolean;
}

async function copyPrivileges(
  admin: Connection,
  from: string,
  to: string,
  owner: string,
): Promise<void> {
  const privileges = await admin.fetch<Privilege>(
    `SELECT CASE grantee WHEN 0 THEN 'PUBLIC' ELSE quote_ident(pg_get_userbyid(grantee)) END AS role,
       privilege_type AS privilege, is_grantable AS "isGrantable"
     FROM pg_database, aclexplode(datacl) WHERE datname = $1`,
    from,
  );
  await admin.execute(`REVOKE ALL ON DATABASE ${to} FROM PUBLIC, ${owner}`);
  for (const { role, privilege, isGrantable } of privileges) {
    const option = isGrantable ? ' WITH GRANT OPTION' : '';
    await admin.execute(`GRANT ${privilege} ON DATABASE ${to} TO ${role}${option}`);
  }
}

/** The settings that `ALTER DATABASE … SET` and `ALTER ROLE … IN DATABASE … SET` have given. */
async function copySettings(admin: Connection, from: string, to: string): Promise<void> {
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
