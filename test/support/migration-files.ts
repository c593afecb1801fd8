/**
 * A folder of migrations as tools write them, each kind once. `asyncpg check` and `asyncpg/testing` are to make the
 * same of it: a table a (c int), g (m mood, n int, o int) with three rows, and a view twice of what Flyway repeats.
 */
export const MIGRATION_FILES: Readonly<Record<string, string>> = {
  '1_dump.sql':
    "\\restrict abc\nSELECT pg_catalog.set_config('search_path', '', false);\nCREATE TABLE public.a ();\n\\unrestrict abc\n",
  '9_nine.sql': '\uFEFFALTER TABLE a ADD b int;',
  '10_ten.sql': 'ALTER TABLE a RENAME b TO c;',
  // What undoes others: golang-migrate, db-migrate, postgrator, Flyway, Diesel and Prisma, Slonik.
  '9_nine.down.sql': 'DROP TABLE a;',
  '10_ten_up.sql': '',
  '10_ten_down.sql': 'DROP TABLE a;',
  '001.undo.a.sql': 'DROP TABLE a;',
  'U10__undo.sql': 'DROP TABLE a;',
  '10b/down.sql': 'DROP TABLE a;',
  '10b/up.sql': 'COMMENT ON TABLE a IS $$a; $$;',
  'down/9_nine.sql': 'DROP TABLE a;',
  // Others are run at the end, whatever their names are: these make what the next ones need.
  'R__again.sql': 'CREATE OR REPLACE VIEW twice AS SELECT c AS d FROM a;',
  // What undoes it is in the same file: goose and sql-migrate, dbmate, node-pg-migrate.
  '11_goose.sql':
    "-- +goose Up\nCREATE TYPE mood AS ENUM ('low');\nCREATE TABLE g ();\n-- +goose Down\nDROP TABLE g;",
  '12_dbmate.sql':
    '-- migrate:up transaction:false\nALTER TABLE g ADD l int;\n-- migrate:down\nDROP TABLE g;',
  '12_pg_migrate.sql':
    '-- Up Migration\nALTER TABLE g DROP l;\n-- Down Migration\nALTER TABLE g ADD l int;',
  // What is in no transaction, and roles that a throw-away server does not have.
  '13_apart.sql':
    "ALTER TYPE mood ADD VALUE 'high';\nALTER TABLE g ADD m mood DEFAULT 'high';\n" +
    'ALTER TABLE g OWNER TO check_owner;\nCREATE INDEX CONCURRENTLY i ON g (m);\nVACUUM g;',
  '14_own.sql':
    'BEGIN;\nALTER TABLE g ADD n int;\nCOMMIT;\nCREATE INDEX CONCURRENTLY j ON g (n);\n' +
    'BEGIN;\nALTER TABLE g ADD o int;\nGRANT SELECT ON g TO check_reader, "check other";\nCOMMIT;',
  // One of the server's, which is there.
  '15_role.sql': 'CREATE ROLE check_reader;\n/* and */ CREATE USER "check other";',
  '16_rows.sql':
    "\\set ON_ERROR_STOP 1\nINSERT INTO g DEFAULT VALUES;\nCOPY g (m, n) FROM stdin;\nlow\t1\n\\N\t\\N\n\\.\nUPDATE g SET o = 2 WHERE n = 1;\nSELECT 'SELECT 1' \\g\n",
};
