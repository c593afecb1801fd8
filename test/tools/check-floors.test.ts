import { describe, expect, test } from 'vitest';
import { checkFloors } from '../../tools/check-floors.ts';
import type { Circle } from '../../tools/import-circles.ts';

/** Packages that are taken for optional peers. */
const PEERS = new Set(['fastify', '@scope/host']);

/** The messages about these files, each with its place. */
function check(files: Readonly<Record<string, string>>, circles: readonly Circle[] = []): string[] {
  return checkFloors(new Map(Object.entries(files)), circles, PEERS).map(
    ({ file, line, message }) => `${file}:${line}: ${message}`,
  );
}

describe('the floors', () => {
  test('let a folder import from itself and from below', () => {
    expect(
      check({
        'errors/a.ts': '',
        'protocol/a.ts': "import { b } from './deep/b.ts';",
        'protocol/deep/b.ts': "import type { A } from '../../errors/a.ts';",
        'index.ts': "export { b } from './protocol/a.ts';",
      }),
    ).toEqual([]);
  });

  test('can give a folder within a folder a floor of its own', () => {
    expect(
      check({
        'pool/a.ts': '',
        'session/a.ts': '',
        'replication/a.ts': '',
        'integrations/pg/a.ts': "import '../../session/a.ts';\nimport '../../replication/a.ts';",
        'integrations/fastify/a.ts': "import '../../pool/a.ts';\nimport '../../session/a.ts';",
      }),
    ).toEqual([
      expect.stringMatching(
        /^integrations\/pg\/a.ts:2: integrations\/pg may not import from replication /,
      ),
      expect.stringMatching(/^integrations\/fastify\/a.ts:2: .* may not import from session /),
    ]);
  });

  test.each([
    ["import { a } from '../client/a.ts';", 'an import'],
    ["import type { A } from '../client/a.ts';", 'an import of types'],
    ["import '../client/a.ts';", 'an import for its effects'],
    ["export { a } from '../client/a.ts';", 're-exporting a name'],
    ["export * from '../client/a.ts';", 're-exporting everything'],
    ["const a = await import('../client/a.ts');", 'a dynamic import'],
    ["let a: import('../client/a.ts').A;", "an import in a type's place"],
  ])('forbid going up by %j, %s', (source) => {
    expect(check({ 'client/a.ts': '', 'codecs/a.ts': `\n${source}` })).toEqual([
      'codecs/a.ts:2: codecs may not import from client (it may from: runtime, errors, values, protocol)',
    ]);
  });

  test('forbid going sideways, into cluster, out of src, and to what is not there', () => {
    const found = check({
      'errors/a.ts': "import '../values/a.ts';",
      'values/a.ts': "import '../cluster/a.ts';",
      'cluster/a.ts': "import '../errors/b.ts';",
      'errors/b.ts': "import '../../package.json';",
      'config/a.ts': "import '../errors/b';",
    });
    expect(found).toHaveLength(5);
    expect(found.join('\n')).toMatch(/errors may not import from values/);
    expect(found.join('\n')).toMatch(/values may not import from cluster/);
    expect(found.join('\n')).toMatch(/cluster may not import from errors/);
    expect(found.join('\n')).toMatch(/outside of src/);
    expect(found.join('\n')).toMatch(/errors\/b does not exist/);
  });

  test('take a late use of a module of Node for an import of it', () => {
    const source = "const { connect } = builtinModule('node:tls');";
    expect(check({ 'transport/node/a.ts': source })).toEqual([]);
    expect(check({ 'session/a.ts': `\n${source}` })).toEqual([
      'session/a.ts:2: node:tls: only transport/node/ knows sockets, TLS and name resolution',
    ]);
  });

  test('forbid a folder that has no floor to import', () => {
    const found = check({ 'new/a.ts': "import '../errors/a.ts';", 'errors/a.ts': '' });
    expect(found).toEqual([expect.stringMatching(/the folder new has no floor yet/)]);
  });
});

describe('imports', () => {
  test('never go round in a circle', () => {
    const found = check({
      'codecs/a.ts': "import { b } from './b.ts';",
      'codecs/b.ts': "import { type C } from './c.ts';",
      'codecs/c.ts': "import { a } from './a.ts';",
    });
    expect(found).toEqual([
      'codecs/a.ts:1: imports in a circle: ' +
        'codecs/a.ts -> codecs/b.ts -> codecs/c.ts -> codecs/a.ts',
    ]);
  });

  test('never go round in a circle of types either', () => {
    const found = check({
      'codecs/a.ts': "import type { B } from './b.ts';",
      'codecs/b.ts': "import { a } from './a.ts'; let c: import('./c.ts').C;",
      'codecs/c.ts': '',
    });
    expect(found).toEqual([
      'codecs/a.ts:1: types in a circle: codecs/a.ts -> codecs/b.ts -> codecs/a.ts',
    ]);
  });

  test('may go round in a circle of types that is listed, as long as it is one', () => {
    const circle = { files: ['codecs/a.ts', 'codecs/b.ts'], reason: '' };
    const files = {
      'codecs/a.ts': "import type { B } from './b.ts';",
      'codecs/b.ts': "import { a } from './a.ts';",
    };
    expect(check(files, [circle])).toEqual([]);
    const outdated =
      'is in no circle of types any more; take it off CIRCLES in tools/check-floors.ts';
    expect(check({ ...files, 'codecs/a.ts': '' }, [circle])).toEqual([
      `codecs/a.ts:1: ${outdated}`,
      `codecs/b.ts:1: ${outdated}`,
    ]);
    expect(check(files, [{ files: [...circle.files, 'codecs/gone.ts'], reason: '' }])).toEqual([
      `codecs/gone.ts:1: ${outdated}`,
    ]);
  });

  test('make no listed circle larger, and no two of them one', () => {
    const circles = [
      { files: ['codecs/a.ts', 'codecs/b.ts'], reason: '' },
      { files: ['codecs/c.ts', 'codecs/d.ts'], reason: '' },
    ];
    const files = {
      'codecs/a.ts': "import type { B } from './b.ts';",
      'codecs/b.ts': "import type { A } from './a.ts';",
      'codecs/c.ts': "import type { D } from './d.ts';",
      'codecs/d.ts': "import type { C } from './c.ts';",
    };
    expect(check(files, circles)).toEqual([]);
    const larger = {
      'codecs/b.ts': "import type { A } from './a.ts'; import type { E } from './e.ts';",
      'codecs/e.ts': "import type { A } from './a.ts';",
    };
    expect(check({ ...files, ...larger }, circles)).toEqual([
      'codecs/e.ts:1: types in a circle: ' +
        'codecs/e.ts -> codecs/a.ts -> codecs/b.ts -> codecs/e.ts',
    ]);
    const joined = {
      'codecs/b.ts': "import type { A } from './a.ts'; import type { C } from './c.ts';",
      'codecs/d.ts': "import type { C } from './c.ts'; import type { A } from './a.ts';",
    };
    expect(check({ ...files, ...joined }, circles)).toEqual([
      expect.stringMatching(/^codecs\/a.ts:1: types in a circle: /),
    ]);
  });

  test('go round in no circle of values, though one of types is listed', () => {
    const files = { 'codecs/a.ts': "import './b.ts';", 'codecs/b.ts': "import './a.ts';" };
    expect(check(files, [{ files: Object.keys(files), reason: '' }])).toEqual([
      'codecs/a.ts:1: imports in a circle: codecs/a.ts -> codecs/b.ts -> codecs/a.ts',
    ]);
  });

  test('may meet again at one file', () => {
    const files = {
      'codecs/a.ts': "import './b.ts'; import './c.ts';",
      'codecs/b.ts': "import './d.ts';",
      'codecs/c.ts': "import './d.ts';",
      'codecs/d.ts': '',
    };
    expect(check(files)).toEqual([]);
  });

  test('name no package', () => {
    expect(check({ 'codecs/a.ts': "import type { A } from 'zod';" })).toHaveLength(1);
    expect(check({ 'codecs/a.ts': "import { a } from 'fastify';" })).toHaveLength(1);
    expect(check({ 'codecs/a.ts': "import { join } from 'path';" })).toHaveLength(1);
  });

  test('of an integration may name an optional peer dependency, and no other package', () => {
    expect(check({ 'integrations/a.ts': "import { a } from 'fastify';" })).toEqual([]);
    expect(check({ 'integrations/a.ts': "import type { A } from 'fastify/types.js';" })).toEqual(
      [],
    );
    expect(check({ 'integrations/a.ts': "import { a } from '@scope/host/deep';" })).toEqual([]);
    for (const from of ['zod', '@scope/other', 'path']) {
      expect(check({ 'integrations/a.ts': `import type { A } from '${from}';` })).toEqual([
        `integrations/a.ts:1: ${from}: ${from} is no optional peer dependency of package.json`,
      ]);
    }
  });
});

describe('the network', () => {
  test('is reached by transport/node/ alone', () => {
    const source = "import { connect } from 'node:net';";
    expect(check({ 'transport/node/a.ts': source, 'cluster/a.ts': source })).toEqual([]);
    expect(check({ 'transport/a.ts': source })).toHaveLength(1);
    expect(check({ 'config/a.ts': source })).toHaveLength(1);
    expect(check({ 'session/a.ts': "import tls from 'node:tls';" })).toHaveLength(1);
    expect(check({ 'session/a.ts': "import * as dns from 'node:dns';" })).toHaveLength(1);
  });

  test('is spoken of, in the types of options, by one file', () => {
    const source = "export type { LookupFunction } from 'node:net';";
    expect(check({ 'config/host-types.ts': source })).toEqual([]);
    expect(check({ 'config/a.ts': source })).toHaveLength(1);
    expect(check({ 'session/a.ts': "import type { Socket } from 'node:net';" })).toHaveLength(1);
  });

  test('of a runtime is supplied by one file and known to no other', () => {
    const files = { 'transport/node/a.ts': 'export {};' };
    expect(check({ ...files, 'client/connect.ts': "import '../transport/node/a.ts';" })).toEqual(
      [],
    );
    expect(check({ ...files, 'client/a.ts': "import '../transport/node/a.ts';" })).toHaveLength(1);
    expect(check({ ...files, 'transport/b.ts': "import './node/a.ts';" })).toHaveLength(1);
  });
});

describe('the file system', () => {
  test('is reached by the few files that have a reason to', () => {
    const source = "import { readFileSync } from 'node:fs';";
    expect(check({ 'config/files.ts': source, 'cluster/a.ts': source })).toEqual([]);
    expect(check({ 'config/a.ts': source })).toHaveLength(1);
    expect(check({ 'session/a.ts': "import { open } from 'node:fs/promises';" })).toHaveLength(1);
  });
});

describe('the clock', () => {
  test.each([
    'setTimeout(f, 1);',
    'const later = setTimeout;',
    'const timers = { setTimeout };',
    'globalThis.setInterval(f, 1);',
    'clearTimeout(t);',
    'Date.now();',
    'performance.now();',
    "performance['now']();",
    'new Date();',
    'process.hrtime.bigint();',
    'AbortSignal.timeout(5);',
    "import { setTimeout as wait } from 'node:timers/promises';",
    "import { performance as p } from 'node:perf_hooks';",
  ])('is read by one module alone: %s', (source) => {
    expect(check({ 'session/a.ts': source })).toEqual([
      expect.stringMatching(/^session\/a.ts:1: .*only transport\/clock.ts reads the clock/),
    ]);
    expect(check({ 'transport/clock.ts': source, 'cluster/a.ts': source })).toEqual([]);
  });

  test('is not meant by a date that is given, nor by a member of the same name', () => {
    const source = `
      const day = new Date(0);
      socket.setTimeout(5);
      const clock = { setTimeout: 1, now: 2 };
      interface Timers { setTimeout(): void }
      let handle: ReturnType<typeof clock.setTimeout>;
      // setTimeout, Date.now()
    `;
    expect(check({ 'session/a.ts': source })).toEqual([]);
  });
});
