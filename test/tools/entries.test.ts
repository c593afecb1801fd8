import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { entries, entriesOf, root } from '../../tools/entries.ts';

const FOR_BUNDLERS = './dist/for-bundlers/index.js';

describe('the entries of the package', () => {
  test('are what package.json exports, files aside', () => {
    const types = './dist/integrations/fastify/index.d.ts';
    const exports = {
      './fastify': {
        types,
        workerd: './dist/for-bundlers/integrations/fastify/index.js',
        module: './dist/for-bundlers/integrations/fastify/index.js',
        default: './dist/integrations/fastify/index.js',
      },
      './package.json': './package.json',
    };
    expect(entriesOf({ name: 'asyncpg', exports })).toEqual([
      {
        specifier: 'asyncpg/fastify',
        name: 'integrations/fastify/index',
        source: 'src/integrations/fastify/index.ts',
        dist: 'dist/integrations/fastify/index.js',
        types: 'dist/integrations/fastify/index.d.ts',
      },
    ]);
  });

  test.each([
    {
      types: './dist/index.d.ts',
      workerd: FOR_BUNDLERS,
      module: FOR_BUNDLERS,
      default: './build/index.js',
    },
    {
      types: './dist/cluster/index.d.ts',
      workerd: FOR_BUNDLERS,
      module: FOR_BUNDLERS,
      default: './dist/index.js',
    },
    {
      types: './dist/index.d.ts',
      workerd: FOR_BUNDLERS,
      module: './dist/index.js',
      default: './dist/index.js',
    },
    {
      types: './dist/index.d.ts',
      workerd: './dist/index.js',
      module: FOR_BUNDLERS,
      default: './dist/index.js',
    },
  ])('are refused when they are not in dist/, types beside the code: %j', (target) => {
    expect(() => entriesOf({ name: 'asyncpg', exports: { '.': target } })).toThrow(
      'package.json: the export . must be',
    );
  });

  test('have their types where an old compiler looks: "types" and "typesVersions"', () => {
    const manifest = JSON.parse(readFileSync(path.join(root, 'package.json'), 'utf8'));
    const old = Object.fromEntries(
      entries
        .filter(({ specifier }) => specifier !== 'asyncpg')
        .map(({ specifier, types }) => [specifier.slice('asyncpg/'.length), [`./${types}`]]),
    );
    expect(manifest.typesVersions).toEqual({ '*': old });
    expect(manifest.types).toBe(manifest.exports['.'].types);
    expect(manifest.main).toBe(manifest.exports['.'].default);
  });

  test('have their sources', () => {
    expect(entries.map(({ specifier }) => specifier)).toContain('asyncpg');
    for (const { source } of entries)
      expect(existsSync(path.join(root, source)), source).toBe(true);
  });

  test('are the "paths" of tsconfig.json', () => {
    const { compilerOptions } = JSON.parse(readFileSync(path.join(root, 'tsconfig.json'), 'utf8'));
    // The compiler takes them from nowhere else. What differs is to be written there.
    expect(compilerOptions.paths).toEqual(
      Object.fromEntries(entries.map(({ specifier, source }) => [specifier, [`./${source}`]])),
    );
  });
});
