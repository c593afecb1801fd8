import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { builtinModules } from 'node:module';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { withUsersNames } from '../tools/peer-aliases.ts';

const root = fileURLToPath(new URL('..', import.meta.url));

function json<T>(path: string): T {
  return JSON.parse(readFileSync(join(root, path), 'utf8')) as T;
}

interface Manifest {
  readonly name: string;
  readonly exports: Readonly<Record<string, unknown>>;
  readonly files: readonly string[];
  readonly scripts: Readonly<Record<string, string>>;
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly optionalDependencies?: Readonly<Record<string, string>>;
  readonly peerDependencies?: Readonly<Record<string, string>>;
  readonly peerDependenciesMeta?: Readonly<Record<string, { readonly optional?: boolean }>>;
  readonly bundleDependencies?: unknown;
}

interface LockedPackage {
  readonly resolved?: string;
  readonly integrity?: string;
  readonly link?: boolean;
  readonly version?: string;
}

const manifest = json<Manifest>('package.json');

/** What npm runs by itself when the package is installed, packed or published. */
const LIFE_CYCLE =
  /^(?:pre|post)?(?:install|uninstall|prepare|pack|publish|version|shrinkwrap)$|^prepublishOnly$/;

describe('the package', () => {
  test('has no runtime dependency, and asks for others only if they are wanted', () => {
    expect(manifest.dependencies ?? {}).toEqual({});
    expect(manifest.optionalDependencies ?? {}).toEqual({});
    expect(manifest.bundleDependencies).toBeUndefined();
    for (const name of Object.keys(manifest.peerDependencies ?? {})) {
      expect(manifest.peerDependenciesMeta?.[name]?.optional, name).toBe(true);
    }
  });

  test('has one version, wherever it is written', () => {
    const { version } = json<{ version: string }>('package.json');
    expect(json<{ version: string }>('jsr.json').version).toBe(version);
    const lock = json<{ version: string; packages: Record<string, LockedPackage> }>(
      'package-lock.json',
    );
    expect([lock.version, lock.packages['']!.version]).toEqual([version, version]);
    for (const name of ['README.md', 'docs/guides/start.md']) {
      const text = readFileSync(join(root, name), 'utf8');
      const named = [...text.matchAll(/asyncpg-(\d+\.\d+\.\d+)\.tgz/g)].map(([, each]) => each);
      expect(new Set(named), name).toEqual(new Set([version]));
    }
  });

  test('is released by a tool whose tags the workflow publishes', () => {
    const release = json<{
      git: { tagName: string; push: boolean };
      npm: { publish: boolean };
    }>('.release-it.json');
    expect(release).toMatchObject({
      git: { tagName: 'v${version}', push: false },
      npm: { publish: false },
    });
    const workflow = readFileSync(join(root, '.github/workflows/release.yml'), 'utf8');
    expect(workflow).toContain('tags: ["v*"]');
    expect(workflow).toContain('--provenance');
    // Tools that are not in the lock file are named with their version.
    for (const [, name] of `${workflow} ${manifest.scripts['release']}`.matchAll(
      /(?:npx --yes|--package) (?!--)(\S+)/g,
    )) {
      expect(name).toMatch(/@\d+\.\d+\.\d+$/);
    }
  });

  test('runs nothing when it is installed or published', () => {
    expect(Object.keys(manifest.scripts).filter((name) => LIFE_CYCLE.test(name))).toEqual([]);
  });

  test('holds what it lists and nothing else', () => {
    const output = execFileSync('npm', ['pack', '--dry-run', '--json', '--ignore-scripts'], {
      cwd: root,
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    const [packed] = Object.values(
      JSON.parse(output) as Record<string, { files: readonly { path: string; mode: number }[] }>,
    );
    const { files } = packed!;
    const listed = new RegExp(`^(?:${manifest.files.join('|')})(?:/|$)`);
    const always = ['LICENSE', 'README.md', 'package.json'];
    const others = files.map(({ path }) => path).filter((path) => !listed.test(path));
    expect(others.sort()).toEqual(always);
    const code = files.filter(({ path }) => /^(?:dist|src)\//.test(path));
    expect(code.length).toBeGreaterThan(100);
    for (const { path, mode } of code) {
      expect(path).toMatch(/^(?:dist\/.*\.(?:js|d\.ts)(?:\.map)?|src\/.*\.ts)$/);
      expect(mode & 0o111, path).toBe(0);
    }
  });

  test('imports only itself, Node and its optional peers', () => {
    const peers = Object.keys(manifest.peerDependencies ?? {});
    const itself = Object.keys(manifest.exports).map((door) => door.replace('.', manifest.name));
    const known = new Set([...builtinModules.map((name) => `node:${name}`), ...peers, ...itself]);
    for (const file of sources('src')) {
      const text = withUsersNames(readFileSync(file, 'utf8'));
      for (const [, specifier] of text.matchAll(/^(?:import|export)\b[^;]*?\bfrom '([^']+)'/gm)) {
        const isOfPeer = peers.some((peer) => specifier!.startsWith(`${peer}/`));
        if (!specifier!.startsWith('.') && !isOfPeer)
          expect(known, `${file}: ${specifier}`).toContain(specifier);
      }
      // What is loaded by a name made at run time cannot be checked, and is not done: but for the
      // configuration that its user names for `asyncpg check`, a program of its own.
      if (file !== join(root, 'src/check/import-fresh.ts'))
        expect(text, file).not.toMatch(/\brequire\(|(?<!typeof )\bimport\((?!\)|'|\n? *'|\*\/ )/);
    }
  });
});

function sources(directory: string): string[] {
  return readdirSync(join(root, directory), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && entry.name.endsWith('.ts'))
    .map((entry) => join(entry.parentPath, entry.name));
}

describe('the lock file', () => {
  test('has every package by its integrity hash, from the registry that npm is set to', () => {
    const { packages } = json<{ packages: Record<string, LockedPackage> }>('package-lock.json');
    let count = 0;
    for (const [path, locked] of Object.entries(packages)) {
      // The project itself, and its workspaces.
      if (!path.includes('node_modules/') || locked.link === true) continue;
      expect(locked.integrity, path).toMatch(/^sha512-[A-Za-z0-9+/]{86}==$/);
      // No address, or that of the registry: none of a repository, a file or a site.
      expect(locked.resolved ?? 'https://registry.npmjs.org/', path).toMatch(
        /^https:\/\/registry\.npmjs\.org\//,
      );
      count += 1;
    }
    expect(count).toBeGreaterThan(100);
  });
});

describe('continuous integration', () => {
  test('runs no action but those pinned to a commit', () => {
    for (const name of readdirSync(join(root, '.github/workflows'))) {
      const text = readFileSync(join(root, '.github/workflows', name), 'utf8');
      for (const [, action] of text.matchAll(/\buses:\s*(\S+)/g)) {
        expect(action, name).toMatch(/@[0-9a-f]{40}$/);
      }
      expect(text, name).toMatch(/^permissions:\n {2}contents: read$/m);
    }
  });
});
