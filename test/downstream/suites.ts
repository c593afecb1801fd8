import path from 'node:path';
import type { ServerSetting } from '../../src/cluster/index.ts';
import {
  DRIZZLE_SHIM,
  DRIZZLE_V1_SHIM,
  DRIZZLE_V1_TOOLS,
  KYSELY,
  type NativeSuite,
} from './native.ts';

/** A server that a suite may do with what it likes. */
export interface Server {
  readonly host: string;
  readonly port: number;
  readonly user: string;
  readonly dsn: string;
}

/** Who writes the report that is read: each says otherwise how many tests there were. */
export type Reporter = 'mocha' | 'vitest' | 'jest' | 'jasmine-node' | 'tap' | 'files';

/** The test suite of somebody else's project, run in a checkout that has its dependencies installed. */
export interface Suite {
  readonly repository: string;
  /** Where it is run, in the checkout. */
  readonly folder: string;
  /** Where the project finds `pg`, in the checkout; the first that is there counts. */
  readonly pg: readonly string[];
  /** Where it finds `pg-pool`, if the suite is about that. */
  readonly pool?: string;
  /** Where its package.json is, in the checkout, if not in the folder. */
  readonly manifest?: string;
  /** Which part of the suite it is, if not all of it. */
  readonly part?: string;
  readonly reporter: Reporter;
  /** What is run; `REPORT` is the file of the report. For files: with each file's name behind it. */
  readonly command: readonly string[];
  /** Of the reporter `files`: what ends so, in the folder, is a test. */
  readonly files?: string;
  /** Of those, what is left out, and why. */
  readonly leftOut?: Readonly<Record<string, string>>;
  /** Files that are run one by one, as some of them end the process: what ends so, in this folder. */
  readonly oneByOne?: readonly [folder: string, ending: string];
  /** Not the package is replaced but its folder `lib`. */
  readonly isLib?: true;
  /** The server takes TLS as well. */
  readonly tls?: true;
  readonly environment: (server: Server) => Readonly<Record<string, string>>;
  /** Files to write before, by their names in the folder. */
  readonly write?: (server: Server) => Readonly<Record<string, string>>;
  /** Databases to create before. */
  readonly databases?: readonly string[];
  /** The port that it has in its code, which is forwarded to the server. */
  readonly fixedPort?: number;
  /** Commands that are run before, in the folder. */
  readonly prepare?: readonly (readonly string[])[];
  /** How it is run on an adapter of this package's. */
  readonly native?: NativeSuite;
  /** It is not run on asyncpg/pg, but on the adapter alone. */
  readonly isNative?: true;
  /** Settings of the server. */
  readonly settings?: Readonly<Record<string, ServerSetting>>;
  /** Lines for pg_hba.conf in front of the others, and SQL of the superuser before it is run. */
  readonly hba?: readonly string[];
  readonly sql?: string;
}

const mocha = (...rest: string[]): string[] => [
  'mocha',
  '--reporter',
  'json',
  '--reporter-option',
  'output=REPORT',
  '--exit',
  ...rest,
];

const variables =
  (database = 'postgres') =>
  ({ host, port, user }: Server): Record<string, string> => ({
    PGHOST: host,
    PGPORT: String(port),
    PGUSER: user,
    PGDATABASE: database,
    PGPASSWORD: 'password',
  });

const ofNodePostgres = (name: string) => ({
  repository: 'brianc/node-postgres',
  folder: `packages/${name}`,
  pg: ['node_modules/pg'],
  environment: variables(),
});

/** The files of Drizzle's tests that use pg. */
const DRIZZLE_FILES = [
  'tests/pg/node-postgres.test.ts',
  'tests/pg/pg-custom.test.ts',
  'tests/relational/pg.test.ts',
  'tests/replicas/postgres.test.ts',
];

/** @param more further members of the configuration */
const drizzleConfig = (files: readonly string[], more = ''): string =>
  `import tsconfigPaths from 'vite-tsconfig-paths';
import { defineConfig } from 'vitest/config';
export default defineConfig({
  test: {
    include: ${JSON.stringify(files)},
    testTimeout: 100000,
    hookTimeout: 100000,
    isolate: true,
    poolOptions: { threads: { singleThread: true } },
    maxWorkers: 1,
    minWorkers: 1,
    fileParallelism: false,
    // The adapter finds the very drizzle-orm that the tests have: that of a workspace is not in node_modules.
    server: { deps: { inline: [/node_modules\\/asyncpg\\//] } },
  },
  plugins: [tsconfigPaths()],
  ${more}
});
`;

/** What they import of node-postgres's driver is made of the adapter. */
const DRIZZLE_NATIVE = `resolve: { alias: [
  {
    find: /^(pg|drizzle-orm\\/node-postgres(\\/migrator)?)$/,
    replacement: new URL('asyncpg-native.js', import.meta.url).pathname,
  },
] },`;

/** Those of MikroORM's tests; its own set-up wants all databases. */
const MIKRO_ORM_CONFIG = `import { readdirSync, readFileSync } from 'node:fs';
import base from './vitest.config';
const others = /@mikro-orm\\/(sqlite|libsql|mysql|mariadb|mssql|mongodb|oracledb)|initORM|bootstrap/;
const files = readdirSync('tests', { recursive: true })
  .map((file) => 'tests/' + file)
  .filter((file) => file.endsWith('.test.ts') && !file.includes('decorators/es'))
  .filter((file) => {
    const text = readFileSync(file, 'utf8');
    return text.includes('@mikro-orm/postgresql') && !others.test(text);
  })
  .sort();
const { projects, globalSetup, coverage, ...test } = base.test;
export default { ...base, test: { ...test, include: files.filter((_, i) => i % 6 === 0) } };
`;

const typeormConfig = (host: string, port: number, username: string): string =>
  JSON.stringify([
    { skip: false, type: 'postgres', host, port, username, database: 'typeorm', logging: false },
  ]);

const DRIZZLE = {
  repository: 'drizzle-team/drizzle-orm',
  folder: 'integration-tests',
  manifest: 'drizzle-orm',
  pg: ['integration-tests/node_modules/pg'],
  reporter: 'vitest',
  command: [
    'vitest',
    'run',
    '-c',
    'vitest.downstream.config.ts',
    '--reporter=json',
    '--outputFile=REPORT',
  ],
  environment: ({ dsn }: Server) => ({ PG_CONNECTION_STRING: dsn }),
} as const;

/** The files of Drizzle 1's tests that use pg. */
const DRIZZLE_V1_FILES = [
  'tests/pg/node-postgres.test.ts',
  'tests/pg/pg-custom.test.ts',
  'tests/pg/pg.test.ts',
  'tests/pg/replicas.test.ts',
  'tests/pg/utils.test.ts',
];

const drizzleV1Aliases = (more = ''): string => `resolve: { alias: [
  {
    find: /^(minipg|drizzle-orm\\/postgres|.*\\/drizzle-kit\\/tests\\/postgres\\/mocks)$/,
    replacement: new URL('asyncpg-tools.js', import.meta.url).pathname,
  },${more}
] },`;

const DRIZZLE_V1_NATIVE = drizzleV1Aliases(`
  {
    find: /^(pg|drizzle-orm\\/node-postgres(\\/migrator)?)$/,
    replacement: new URL('asyncpg-native.js', import.meta.url).pathname,
  },`);

/**
 * Its packages are those of the registry, installed in the checkout: drizzle-orm and drizzle-kit of one
 * version, vitest, vite-tsconfig-paths, pg and what its tests import besides.
 */
const DRIZZLE_V1 = {
  ...DRIZZLE,
  manifest: 'node_modules/drizzle-orm',
  pg: ['node_modules/pg'],
} as const;

/** Tests of node-postgres that look at what is inside of it. */
const FAKE_SERVER =
  'puts a stream or a connection of its own in the place of the socket, and is the server itself';
const INTERNAL = 'is about a part that node-postgres shows to nobody else';

/** The suites by name. */
export const SUITES: Readonly<Record<string, Suite>> = {
  'node-postgres': {
    repository: 'brianc/node-postgres',
    folder: 'packages/pg/test/integration',
    manifest: 'packages/pg',
    part: 'integration tests, by files',
    pg: ['packages/pg/lib'],
    isLib: true,
    reporter: 'files',
    command: ['node'],
    files: '-tests.js',
    environment: (server) => ({
      ...variables()(server),
      TEST_TIMEOUT: '20000',
      SCRAM_TEST_PGUSER: 'scram_test',
      SCRAM_TEST_PGPASSWORD: 'test4scram',
      SCRAM_TEST_PGUSER_UNICODE: 'scram_unicode_test',
      SCRAM_TEST_PGPASSWORD_UNICODE: 'IX-\u2168',
    }),
    tls: true,
    hba: ['host all scram_test,scram_unicode_test 127.0.0.1/32 scram-sha-256'],
    sql: "CREATE ROLE scram_test LOGIN PASSWORD 'test4scram'; CREATE ROLE scram_unicode_test LOGIN PASSWORD U&'IX-\\2168'",
  },
  'node-postgres-unit': {
    repository: 'brianc/node-postgres',
    folder: 'packages/pg/test/unit',
    manifest: 'packages/pg',
    part: 'unit tests, by files',
    pg: ['packages/pg/lib'],
    isLib: true,
    reporter: 'files',
    command: ['node'],
    files: '-tests.js',
    leftOut: {
      'client/cleartext-password-tests.js': FAKE_SERVER,
      'client/configuration-tests.js': FAKE_SERVER,
      'client/md5-password-tests.js': FAKE_SERVER,
      'client/notification-tests.js': FAKE_SERVER,
      'client/password-callback-tests.js': FAKE_SERVER,
      'client/prepared-statement-tests.js': FAKE_SERVER,
      'client/query-queue-tests.js': FAKE_SERVER,
      'client/query-timeout-tests.js': FAKE_SERVER,
      'client/result-metadata-tests.js': FAKE_SERVER,
      'client/sasl-scram-tests.js': INTERNAL,
      'client/simple-query-tests.js': FAKE_SERVER,
      'client/stream-and-query-error-interaction-tests.js': FAKE_SERVER,
      'client/throw-in-bind-tests.js': FAKE_SERVER,
      'client/throw-in-type-parser-tests.js': FAKE_SERVER,
      'connection/error-tests.js': FAKE_SERVER,
      'connection/startup-tests.js': FAKE_SERVER,
      'connection-parameters/creation-tests.js':
        'wants libpq’s hostaddr, which is of use to the native client alone',
    },
    environment: () => ({}),
  },
  'pg-pool': {
    ...ofNodePostgres('pg-pool'),
    pool: 'packages/pg-pool/index.js',
    reporter: 'mocha',
    command: mocha('--timeout', '10000'),
  },
  'pg-cursor': {
    ...ofNodePostgres('pg-cursor'),
    reporter: 'mocha',
    command: mocha('--timeout', '20000'),
  },
  'pg-query-stream': {
    ...ofNodePostgres('pg-query-stream'),
    reporter: 'mocha',
    command: mocha('--timeout', '20000', '-r', 'ts-node/register', 'test/**/*.ts'),
    // Its types were checked with another version of @types/pg.
    environment: (server) => ({ ...variables()(server), TS_NODE_TRANSPILE_ONLY: '1' }),
  },
  'connect-pg-simple': {
    repository: 'voxpelli/node-connect-pg-simple',
    folder: '.',
    pg: ['node_modules/pg'],
    reporter: 'mocha',
    command: mocha('--timeout', '10000', 'test/**/*.spec.js'),
    environment: variables('connect_pg_simple_test'),
    databases: ['connect_pg_simple_test'],
  },
  'pg-copy-streams': {
    repository: 'brianc/node-pg-copy-streams',
    folder: '.',
    pg: ['node_modules/pg'],
    reporter: 'mocha',
    command: mocha('--timeout', '30000', '--v8-expose-gc'),
    environment: variables(),
    settings: { wal_level: 'logical' },
  },
  kysely: {
    repository: 'kysely-org/kysely',
    folder: '.',
    pg: ['node_modules/pg'],
    reporter: 'mocha',
    command: mocha('--timeout', '60000', 'test/node/dist/**/*.test.js'),
    environment: (server) => ({ ...variables('kysely_test')(server), DIALECTS: 'postgres' }),
    fixedPort: 5434,
    databases: ['kysely_test'],
    sql: 'CREATE USER kysely SUPERUSER',
    native: KYSELY,
  },
  knex: {
    repository: 'knex/knex',
    folder: '.',
    pg: ['node_modules/pg'],
    reporter: 'mocha',
    command: mocha('-t', '30000', '--config', 'test/mocha-integration-config-test.js'),
    environment: () => ({ DB: 'postgres' }),
    fixedPort: 25432,
    databases: ['knex_test'],
    sql: "CREATE USER testuser SUPERUSER PASSWORD 'knextest'",
  },
  objection: {
    repository: 'Vincit/objection.js',
    folder: '.',
    pg: ['node_modules/pg'],
    reporter: 'mocha',
    command: mocha('--timeout', '60000', 'tests/integration/index.js'),
    environment: (server) => ({ ...variables()(server), DATABASES: 'postgres' }),
    databases: ['objection_test'],
    sql: 'CREATE USER objection SUPERUSER',
  },
  'graphile-worker': {
    repository: 'graphile/worker',
    folder: '.',
    pg: ['node_modules/pg'],
    reporter: 'jest',
    command: [
      'node',
      '--experimental-vm-modules',
      'node_modules/.bin/jest',
      '--json',
      '--outputFile=REPORT',
      '--maxWorkers=1',
      '--forceExit',
      '--testTimeout=60000',
    ],
    // Some replace the clock and leave a time-out behind that ends the process.
    oneByOne: ['__tests__', '.test.ts'],
    environment: (server) => ({ ...variables()(server), NO_LOG_SUCCESS: '1' }),
    // It must have been built: `node scripts/buildSqlModule.mjs && tsc`.
    prepare: [['bash', 'scripts/setup_template_db.sh']],
    settings: { max_connections: 500 },
  },
  'pg-boss': {
    repository: 'timgit/pg-boss',
    folder: '.',
    pg: ['node_modules/pg'],
    reporter: 'vitest',
    command: [
      'vitest',
      'run',
      '--reporter=json',
      '--outputFile=REPORT',
      '--typecheck.enabled=false',
      '--testTimeout=60000',
      '--hookTimeout=60000',
      '--maxWorkers=2',
    ],
    environment: variables('pgboss'),
    fixedPort: 5432,
    databases: ['pgboss'],
  },
  'pg-promise': {
    repository: 'vitaly-t/pg-promise',
    folder: '.',
    pg: ['node_modules/pg'],
    reporter: 'jasmine-node',
    command: ['jasmine-node', '--captureExceptions', '--noColor', 'test'],
    environment: variables(),
    fixedPort: 5432,
    databases: ['pg_promise_test'],
    prepare: [['node', 'test/db/init.js']],
    // Its tests want wrong passwords to be refused.
    hba: [
      'host pg_promise_test all 127.0.0.1/32 scram-sha-256',
      'host pg_promise_test all ::1/128 scram-sha-256',
    ],
    sql: "ALTER USER postgres PASSWORD 'postgres'",
  },
  drizzle: {
    ...DRIZZLE,
    part: 'node-postgres driver',
    write: () => ({
      'vitest.downstream.config.ts': drizzleConfig([...DRIZZLE_FILES, 'tests/pg/pg-proxy.test.ts']),
    }),
  },
  'drizzle-native': {
    ...DRIZZLE,
    part: 'node-postgres driver, without the proxy',
    write: () => ({ 'vitest.downstream.config.ts': drizzleConfig(DRIZZLE_FILES) }),
    isNative: true,
    native: {
      entry: 'asyncpg/drizzle',
      packages: 'integration-tests/node_modules',
      write: {
        'vitest.downstream.config.ts': drizzleConfig(DRIZZLE_FILES, DRIZZLE_NATIVE),
        'asyncpg-native.js': DRIZZLE_SHIM,
      },
    },
  },
  'drizzle-v1': {
    ...DRIZZLE_V1,
    part: 'node-postgres driver',
    write: () => ({
      'vitest.downstream.config.ts': drizzleConfig(DRIZZLE_V1_FILES, drizzleV1Aliases()),
      'asyncpg-tools.js': DRIZZLE_V1_TOOLS,
    }),
    native: {
      entry: 'asyncpg/drizzle-v1',
      packages: 'node_modules',
      write: {
        'vitest.downstream.config.ts': drizzleConfig(DRIZZLE_V1_FILES, DRIZZLE_V1_NATIVE),
        'asyncpg-native.js': DRIZZLE_V1_SHIM,
      },
    },
  },
  typeorm: {
    repository: 'typeorm/typeorm',
    folder: '.',
    pg: ['node_modules/pg'],
    reporter: 'mocha',
    // It must have been built: `tsc`.
    command: mocha('--timeout', '90000'),
    environment: () => ({}),
    write: ({ host, port, user }) => ({
      'build/compiled/ormconfig.json': typeormConfig(host, port, user),
      'ormconfig.json': typeormConfig(host, port, user),
    }),
    databases: ['typeorm'],
  },
  slonik: {
    repository: 'gajus/slonik',
    folder: 'packages/slonik',
    part: 'pg.test.ts',
    pg: ['node_modules/.pnpm/pg@8.23.1/node_modules/pg'],
    reporter: 'tap',
    command: ['ava', '--tap', '--serial', '--timeout=5m', 'src/integration.test/pg.test.ts'],
    environment: ({ host, port, user }) => ({
      POSTGRES_DSN: `postgresql://${user}@${host}:${port}`,
    }),
  },
  sequelize: {
    repository: 'sequelize/sequelize',
    folder: 'packages/core',
    part: 'integration tests of PostgreSQL, data types, sequelize, query interface and instances',
    pg: ['node_modules/pg'],
    reporter: 'mocha',
    // Its packages must have been built.
    command: mocha(
      '--timeout',
      '60000',
      '-r',
      '../../test/register-esbuild.js',
      ...['dialects/postgres', 'data-types', 'query-interface', 'sequelize', 'instance'].map(
        (part) => `test/integration/${part}/**/*.test.[tj]s`,
      ),
    ),
    environment: ({ host, port, user }) => ({
      DIALECT: 'postgres',
      SEQ_PG_HOST: host,
      SEQ_PG_PORT: String(port),
      SEQ_PG_USER: user,
    }),
    databases: ['sequelize_test'],
    sql: 'CREATE EXTENSION IF NOT EXISTS citext',
  },
  'mikro-orm': {
    repository: 'mikro-orm/mikro-orm',
    folder: '.',
    manifest: 'packages/postgresql',
    part: 'each sixth of the files that use PostgreSQL alone',
    pg: ['node_modules/pg'],
    reporter: 'vitest',
    command: [
      'vitest',
      'run',
      '-c',
      'vitest.downstream.config.ts',
      '--reporter=json',
      '--outputFile=REPORT',
      '--maxWorkers=1',
    ],
    environment: variables(),
    write: () => ({ 'vitest.downstream.config.ts': MIKRO_ORM_CONFIG }),
    fixedPort: 5432,
  },
};

/** The command with the file of the report in its place. */
export function commandOf(suite: Suite, report: string): readonly string[] {
  return suite.command.map((word) => word.replace('REPORT', report));
}

/** Where `pg` is to be replaced. */
export function placeOf(suite: Suite, checkout: string, exists: (path: string) => boolean): string {
  const places = suite.pg.map((place) => path.join(checkout, place));
  const found = places.find(exists);
  if (found === undefined) throw new Error(`no pg is installed at ${places.join(' or ')}`);
  return found;
}
