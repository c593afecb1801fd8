import path from 'node:path';
import { defineConfig } from 'vitest/config';
import { temporaryFilesInMemory } from './test/support/temporary-in-memory.ts';
import { entries, root } from './tools/entries.ts';

temporaryFilesInMemory();

/** Tests that need a running PostgreSQL; everything else must pass without one. */
const NEEDS_SERVER = [
  'test/server/**/*.test.ts',
  'test/docs/blocks.test.ts',
  'test/docs/surroundings.test.ts',
  'test/faults/**/*.test.ts',
];

/** The package by its own name, as the examples import it: here it is the source, not dist/. */
const alias = entries.map(({ specifier, source }) => ({
  find: new RegExp(`^${specifier}$`),
  replacement: path.join(root, source),
}));

const common = {
  setupFiles: ['test/support/oracle.ts'],
  // A test that waits for something that never comes fails with a stack, not by hanging the run.
  testTimeout: 30_000,
  hookTimeout: 60_000,
  restoreMocks: true,
  unstubEnvs: true,
  unstubGlobals: true,
} as const;

export default defineConfig({
  test: {
    projects: [
      {
        resolve: { alias },
        test: {
          ...common,
          name: 'unit',
          maxWorkers: '100%',
          sequence: { groupOrder: 0 },
          include: ['test/**/*.test.ts'],
          exclude: NEEDS_SERVER,
        },
      },
      {
        resolve: { alias },
        test: {
          ...common,
          name: 'server',
          // Each file has objects of its own on the servers, so that files run side by side.
          maxWorkers: '100%',
          sequence: { groupOrder: 1 },
          include: NEEDS_SERVER,
          globalSetup: ['test/support/servers/global-setup.ts'],
        },
      },
    ],
  },
});
