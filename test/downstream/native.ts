import {
  cpSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
} from 'node:fs';
import path from 'node:path';
import { root } from '../../tools/entries.ts';
import { replace, restore } from './replace.ts';

/** How the suite of a query builder is run on one of the package's own adapters. */
export interface NativeSuite {
  /** The adapter. */
  readonly entry: string;
  /** The folder of packages, in the checkout, in which the package is put. */
  readonly packages: string;
  /** Links beside it, by name, to what is in the checkout. */
  readonly links?: Readonly<Record<string, string>>;
  /** What becomes of the text of files, by their names in the checkout. */
  readonly edits?: Readonly<Record<string, (text: string) => string>>;
  /** What is written in place of the suite's own files. */
  readonly write?: Readonly<Record<string, string>>;
}

/**
 * Puts the built package into a checkout, and its adapter into the tests, until disposed. It is copied, so
 * that it finds the query builder that is under test.
 */
export function putIn(
  { packages, links = {}, edits = {} }: NativeSuite,
  checkout: string,
): Disposable {
  takeOut({ packages, links, edits, entry: '' }, checkout);
  const done = new DisposableStack();
  const folder = path.join(checkout, packages);
  const place = path.join(folder, 'asyncpg');
  mkdirSync(place);
  done.defer(() => rmSync(place, { recursive: true }));
  for (const name of ['dist', 'package.json']) {
    cpSync(path.join(root, name), path.join(place, name), { recursive: true });
  }
  for (const [name, target] of Object.entries(links)) {
    const link = path.join(folder, name);
    symlinkSync(path.join(checkout, target), link);
    done.defer(() => rmSync(link));
  }
  for (const [name, edit] of Object.entries(edits)) {
    const file = path.join(checkout, name);
    const text = readFileSync(file, 'utf8');
    const edited = edit(text);
    if (edited === text) throw new Error(`there is nothing to put an adapter into in ${file}`);
    done.use(replace(file, { text: edited }));
  }
  return done;
}

/** What a run that was killed has left. */
export function takeOut({ packages, links = {}, edits = {} }: NativeSuite, checkout: string): void {
  rmSync(path.join(checkout, packages, 'asyncpg'), { recursive: true, force: true });
  for (const name of Object.keys(links)) {
    const link = path.join(checkout, packages, name);
    if (lstatSync(link, { throwIfNoEntry: false })?.isSymbolicLink()) rmSync(link);
  }
  for (const name of Object.keys(edits)) {
    if (existsSync(path.join(checkout, name))) restore(path.join(checkout, name));
  }
}

/** Values as pg has them. */
const AS_PG = `
const json = { schema: 'pg_catalog', decoder: JSON.parse,
  encoder: (value) => (typeof value === 'string' ? value : JSON.stringify(value)) };
const text = { schema: 'pg_catalog', encoder: String, decoder: (value) => value };
const AS_PG = { types: { int8: 'string', numeric: 'string' },
  codecs: { json, jsonb: json, text, varchar: text } };
`;

/** Kysely's tests, on the dialect; one of them is about node-postgres's dialect alone. */
export const KYSELY: NativeSuite = {
  entry: 'asyncpg/kysely',
  packages: 'node_modules',
  links: { kysely: '.' },
  edits: {
    'test/node/dist/test-setup.js': (text) =>
      `import { createPool as openPool } from 'asyncpg';\nimport { AsyncpgDialect } from 'asyncpg/kysely';\n${AS_PG}` +
      text.replace(
        /new PostgresDialect\(\{[\s\S]*?\n {8}\}\),/,
        `new AsyncpgDialect({ pool: () => {
            const { max, ...options } = DIALECT_CONFIGS.postgres;
            return openPool({ ...options, maxSize: max, minSize: 0, ...AS_PG });
        } }),`,
      ),
    'test/node/dist/transaction.test.js': (text) =>
      text.replace(
        "import { DatabaseError as PostgresError } from 'pg'",
        "import { PostgresError } from 'asyncpg'",
      ),
  },
};

/** What Drizzle's tests of node-postgres import, made of the adapter. */
export const DRIZZLE_SHIM = `import { connect } from 'asyncpg';
import { drizzle as native, migrate } from 'asyncpg/drizzle';
export class Client {
  constructor(dsn) { this.dsn = dsn; }
  async connect() { this.connection = await connect(this.dsn); }
  async end() { await this.connection?.close(); }
}
export default { Client };
const of = (client) => (client instanceof Client ? client.connection : client);
export const drizzle = (first, config) =>
  first.client === undefined
    ? native(of(first), config)
    : native({ ...first, client: of(first.client) });
drizzle.mock = native.mock;
export { migrate };
`;

/** The same for Drizzle 1, whose tests ask with node-postgres as well to make their tables. */
export const DRIZZLE_V1_SHIM = `import { connect } from 'asyncpg';
import { asyncpgCodecs, drizzle as native, migrate } from 'asyncpg/drizzle-v1';
import pg from 'pg/lib/index.js';
export class Client extends pg.Client {
  constructor(config) {
    super(config);
    this.dsn = typeof config === 'string' ? config : config.connectionString;
  }
  connect() {
    this.opening = Promise.all([super.connect(), connect(this.dsn)]);
    return this.opening.then(([, connection]) => { this.ours = connection; });
  }
  async query(...args) {
    this.ours = (await this.opening)[1];
    return await super.query(...args);
  }
  async end() {
    await this.ours?.close();
    await super.end();
  }
}
export const types = pg.types;
export default { Client, types };
export const nodePgCodecs = asyncpgCodecs;
export const drizzle = ({ client, ...config }) => native({ ...config, client: client.ours });
drizzle.mock = native.mock;
export { migrate };
`;

/**
 * What Drizzle 1's tests take from packages that are not published or need a build: tables are made by the
 * public functions of drizzle-kit, and its own driver is left out.
 */
export const DRIZZLE_V1_TOOLS = `import { generateDrizzleJson, generateMigration } from 'drizzle-kit/api-postgres';
export async function diff(_, schema) {
  const [from, to] = await Promise.all([generateDrizzleJson({}), generateDrizzleJson(schema)]);
  return { sqlStatements: await generateMigration(from, to) };
}
export const createPool = undefined;
export const drizzle = undefined;
`;
