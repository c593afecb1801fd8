// Checks the floors of src/: which folder may import from which, that no imports go round in a
// circle, that integrations import what package.json declares, which files may import what belongs to
// one runtime, and that only one module reads the clock.
// Run with `npm run check:floors`. The reasons are in docs/architecture.md.
import { readdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { parseSync, visitorKeys } from 'oxc-parser';
import { type Circle, checkCircles, type Graph } from './import-circles.ts';
import { peerAliases } from './peer-aliases.ts';

/** The folders from the lowest floor up. */
const ORDER = [
  'runtime',
  'errors',
  'values',
  'sql',
  'protocol',
  'config',
  'codecs',
  'transport',
  'session',
  'connecting',
  'client',
  'pool',
];

/** What each folder of src/ may import from, besides itself. The files of src/ itself are `.`. */
const FLOORS: Readonly<Record<string, readonly string[]>> = {
  runtime: [],
  errors: [],
  values: ['runtime'],
  sql: ['errors'],
  protocol: ['runtime', 'errors'],
  config: ['runtime', 'errors', 'values'],
  codecs: ['runtime', 'errors', 'values', 'protocol'],
  transport: ['runtime', 'errors', 'config'],
  session: upTo('transport'),
  connecting: upTo('session'),
  client: upTo('connecting'),
  pool: upTo('client'),
  integrations: ['errors', 'values', 'config', 'client', 'pool'],
  // A facade with another surface on the same sessions; of the pool it only hands one out.
  'integrations/pg': upTo('pool'),
  // It has codecs of its own, as its values are another library's.
  'integrations/prisma': [...upTo('pool'), 'integrations'],
  // It answers the driver in the stead of a server, in the messages of the protocol.
  'integrations/pglite': ['runtime', 'errors', 'sql', 'protocol', 'config', 'transport'],
  // Its values are another library's, and so are the codecs of its calls.
  'integrations/drizzle': upTo('pool'),
  'integrations/drizzle-v1': [...upTo('pool'), 'integrations/drizzle'],
  // It reads what the driver traces, and the texts of queries.
  'integrations/opentelemetry': [...upTo('pool'), 'integrations'],
  replication: upTo('pool'),
  // Files of SQL that make a database, for testing/ and for check/. What it runs them on is given to it.
  migrations: ['sql'],
  // It makes databases for tests, on a server of cluster/.
  testing: [...upTo('pool'), 'cluster', 'migrations'],
  '.': upTo('pool'),
  cluster: [],
  // A program that uses the driver as everybody does, by the name of the package.
  check: ['migrations'],
};

/** The folder and all that stand below it. */
function upTo(folder: string): readonly string[] {
  return ORDER.slice(0, ORDER.indexOf(folder) + 1);
}

/**
 * The circles of types that are left, which the compiler erases. No other may come up, none of these may
 * grow, and a file that is in none any more is taken off: the list gets shorter, never longer.
 */
const CIRCLES: readonly Circle[] = [
  {
    reason: 'the public types name each other: a transaction and a notification have a connection',
    files: [
      'client/connection.ts',
      'client/limited-queryable.ts',
      'client/listening/notification.ts',
      'client/queryable.ts',
      'client/transactions/transaction-runner.ts',
      'client/transactions/transaction.ts',
    ],
  },
];

/** No part of the driver: the rules on runtime and clock are not for them. */
const APART: ReadonlySet<string> = new Set(['cluster', 'check']);
/** Folders that import packages: optional peers, and what else is named here. */
const IMPORTS_OF_PACKAGES: Readonly<Record<string, readonly string[]>> = {
  integrations: [],
  check: ['asyncpg'],
};
const CLOCK = 'transport/clock.ts';
/** Takes `setImmediate` of the same module. */
const TURN = 'transport/turn.ts';

/** What only some files may import, even as a type, and why each of them may. */
interface Guard {
  readonly message: string;
  /** Modules of Node. */
  readonly modules: ReadonlySet<string>;
  /** Files, or folders with a slash at their end, and the reason. */
  readonly allowed: Readonly<Record<string, string>>;
}

const GUARDS: readonly Guard[] = [
  {
    message: 'only transport/node/ knows sockets, TLS and name resolution',
    modules: new Set(['net', 'tls', 'dgram', 'dns', 'dns/promises', 'http', 'https', 'http2']),
    allowed: {
      'transport/node/': 'implements the byte stream with them',
      'config/host-types.ts': 'names the types that options take',
    },
  },
  {
    message: 'files are read through config/files.ts',
    modules: new Set(['fs', 'fs/promises']),
    allowed: {
      'config/files.ts': 'reads what a configuration names',
      'transport/node/key-log.ts': 'appends to the log of TLS secrets',
      'migrations/': 'reads files of SQL',
      'client/copy/file-chunks.ts': "COPY reads files of the caller's",
      'client/copy/copy-output.ts': "COPY writes files of the caller's",
    },
  },
];

/** What is written for one runtime, and who may import it, with the reason. */
const RUNTIME = 'transport/node/';
const SUPPLIERS: Readonly<Record<string, string>> = {
  'client/connect.ts': 'supplies it to whatever is given no other network',
  'integrations/pg/link.ts': 'connects without what else connect.ts loads',
};

/** Globals that set timers, and members that read the clock or set timers. */
const TIMERS = new Set(['setTimeout', 'setInterval', 'clearTimeout', 'clearInterval']);
const CLOCK_MEMBERS = new Set([
  'Date.now',
  'performance.now',
  'performance.timeOrigin',
  'process.hrtime',
  'process.uptime',
  'AbortSignal.timeout',
  'Temporal.Now',
]);

/** One breach of the rules, with the line it stands on. */
export interface Violation {
  readonly file: string;
  readonly line: number;
  readonly message: string;
}

interface Import {
  readonly from: string;
  readonly line: number;
  /** Whether the compiler erases it; `import { type T }` stays, as an import of nothing. */
  readonly erased: boolean;
}

interface ClockUse {
  readonly line: number;
  readonly name: string;
}

interface Node {
  readonly type: string;
  readonly start: number;
  readonly [key: string]: unknown;
}

/**
 * Checks sources by their path below src/, with forward slashes.
 *
 * @param circles of types that are allowed
 * @param peers packages that integrations may import, as the user who wants one has them
 */
export function checkFloors(
  sources: ReadonlyMap<string, string>,
  circles: readonly Circle[],
  peers: ReadonlySet<string>,
): Violation[] {
  const violations: Violation[] = [];
  const values: Graph = new Map();
  const all: Graph = new Map();
  for (const [file, source] of sources) {
    const report = (line: number, message: string): void => {
      violations.push({ file, line, message });
    };
    const { program, errors } = parseSync(file, source);
    if (errors.length > 0) report(1, `cannot be parsed: ${errors[0]?.message}`);
    const { imports, clocks } = survey(program as unknown as Node, source);
    const targets: string[] = [];
    const targetsOfValues: string[] = [];
    for (const found of imports) {
      const { from, line } = found;
      if (from.startsWith('.')) {
        const target = checkFile(file, from, sources, (message) => report(line, message));
        if (target === null) continue;
        targets.push(target);
        if (!found.erased) targetsOfValues.push(target);
      } else {
        checkModule(file, found, peers, (message) => report(line, message));
      }
    }
    all.set(file, targets);
    values.set(file, targetsOfValues);
    if (file !== CLOCK && !APART.has(folderOf(file))) {
      for (const { line, name } of clocks) {
        report(line, `${name}: only ${CLOCK} reads the clock and sets timers; take a Clock`);
      }
    }
  }
  for (const { file, message } of checkCircles(values, all, circles)) {
    violations.push({ file, line: 1, message });
  }
  return violations;
}

/** Checks the import of a file, and tells which one of src/ it is. */
function checkFile(
  file: string,
  from: string,
  sources: ReadonlyMap<string, string>,
  report: (message: string) => void,
): string | null {
  const folder = folderOf(file);
  const target = path.posix.join(path.posix.dirname(file), from);
  if (target.startsWith('..')) {
    report(`${from} is outside of src/`);
    return null;
  }
  if (!sources.has(target)) {
    report(`${from} does not exist; relative imports end in .ts`);
    return null;
  }
  const there = folderOf(target);
  const allowed = FLOORS[folder];
  if (allowed === undefined) {
    report(`the folder ${folder} has no floor yet; give it one in tools/check-floors.ts`);
  } else if (there !== folder && !allowed.includes(there)) {
    report(`${folder} may not import from ${there} (it may from: ${allowed.join(', ') || '-'})`);
  }
  if (target.startsWith(RUNTIME) && !file.startsWith(RUNTIME) && !(file in SUPPLIERS)) {
    report(`${from}: only ${Object.keys(SUPPLIERS).join(', ')} may import from ${RUNTIME}`);
  }
  return target;
}

/** Checks the import of a module of Node or of a package. */
function checkModule(
  file: string,
  { from }: Import,
  peers: ReadonlySet<string>,
  report: (message: string) => void,
): void {
  const folder = folderOf(file);
  // Cloudflare's runtime has it built in.
  if (from === 'cloudflare:sockets' && file.startsWith('transport/workers/')) return;
  if (!from.startsWith('node:')) {
    const name = from.split('/', from.startsWith('@') ? 2 : 1).join('/');
    const others = IMPORTS_OF_PACKAGES[folder.split('/')[0]!];
    if (others === undefined) {
      report(`${from}: the library has no dependencies; Node's own modules are named node:…`);
    } else if (!peers.has(name) && !others.includes(name)) {
      report(`${from}: ${name} is no optional peer dependency of package.json`);
    }
    return;
  }
  const module = from.slice('node:'.length);
  for (const { message, modules, allowed } of GUARDS) {
    if (modules.has(module) && !APART.has(folder) && !isAllowed(file, allowed)) {
      report(`${from}: ${message}`);
    }
  }
  const isTimers = /^timers(\/|$)|^perf_hooks$/.test(module);
  if (isTimers && file !== CLOCK && file !== TURN && !APART.has(folder)) {
    report(`${from}: only ${CLOCK} reads the clock and sets timers; take a Clock`);
  }
}

function isAllowed(file: string, allowed: Guard['allowed']): boolean {
  return Object.keys(allowed).some((place) =>
    place.endsWith('/') ? file.startsWith(place) : file === place,
  );
}

function folderOf(file: string): string {
  const [first = '.', second] = file.includes('/') ? file.split('/') : [];
  const nested = `${first}/${second}`;
  return nested in FLOORS ? nested : first;
}

/** Walks a syntax tree once and collects its imports and its uses of the clock. */
function survey(program: Node, source: string): { imports: Import[]; clocks: ClockUse[] } {
  const imports: Import[] = [];
  const clocks: ClockUse[] = [];
  const lineOf = (node: Node): number => source.slice(0, node.start).split('\n').length;

  const visit = (node: Node, parent: Node | null, key: string): void => {
    switch (node.type) {
      case 'ImportDeclaration':
      case 'ExportNamedDeclaration':
      case 'ExportAllDeclaration':
      case 'ImportExpression':
      case 'TSImportType': {
        const from = literal(node['source']);
        if (from !== null) {
          imports.push({ from, line: lineOf(node), erased: isErased(node) });
        }
        break;
      }
      case 'Identifier':
        if (TIMERS.has(String(node['name'])) && isGlobalUse(parent, key)) {
          clocks.push({ line: lineOf(node), name: String(node['name']) });
        }
        break;
      case 'MemberExpression': {
        const name = memberName(node);
        if (CLOCK_MEMBERS.has(name) || /^globalThis\.(set|clear)(Timeout|Interval)$/.test(name)) {
          clocks.push({ line: lineOf(node), name });
        }
        break;
      }
      case 'NewExpression':
      case 'CallExpression': {
        const callee = node['callee'] as Node;
        const args = node['arguments'] as readonly Node[];
        if (callee.type === 'Identifier' && callee['name'] === 'Date' && args.length === 0) {
          clocks.push({ line: lineOf(node), name: 'Date()' });
        }
        // What it loads is an import, if a late one.
        const from = callee['name'] === 'builtinModule' ? literal(args[0]) : null;
        if (from !== null) imports.push({ from, line: lineOf(node), erased: false });
        break;
      }
      default:
    }
    for (const childKey of visitorKeys[node.type] ?? []) {
      const child = node[childKey];
      for (const item of Array.isArray(child) ? child : [child]) {
        if (isNode(item)) visit(item, node, childKey);
      }
    }
  };
  visit(program, null, '');
  return { imports, clocks };
}

/** Whether an identifier in this place reads a variable, rather than naming a member. */
function isGlobalUse(parent: Node | null, key: string): boolean {
  if (parent === null) return true;
  if (key === 'property' || key === 'key') return parent['computed'] === true;
  return !/^(Import|Export|TSQualified)/.test(parent.type);
}

function memberName(node: Node): string {
  const object = node['object'] as Node;
  const property = node['property'] as Node;
  const name = property.type === 'Identifier' ? property['name'] : property['value'];
  return object.type === 'Identifier' ? `${String(object['name'])}.${String(name)}` : '';
}

function isErased(node: Node): boolean {
  if (node.type === 'TSImportType') return true;
  return node['importKind'] === 'type' || node['exportKind'] === 'type';
}

function literal(node: unknown): string | null {
  if (!isNode(node)) return null;
  const value = node['value'];
  return typeof value === 'string' ? value : null;
}

function isNode(value: unknown): value is Node {
  return typeof value === 'object' && value !== null && 'type' in value && 'start' in value;
}

/** Reads every TypeScript source below a folder. */
export async function readSources(root: string): Promise<Map<string, string>> {
  const sources = new Map<string, string>();
  const names = await readdir(root, { recursive: true });
  for (const name of names.sort()) {
    if (!name.endsWith('.ts') || name.endsWith('.d.ts')) continue;
    const file = name.split(path.sep).join('/');
    sources.set(file, await readFile(path.join(root, name), 'utf8'));
  }
  return sources;
}

async function optionalPeers(): Promise<Set<string>> {
  const file = new URL('../package.json', import.meta.url);
  const { peerDependencies, peerDependenciesMeta } = JSON.parse(await readFile(file, 'utf8')) as {
    peerDependencies: Readonly<Record<string, string>>;
    peerDependenciesMeta: Readonly<Record<string, { readonly optional?: boolean }>>;
  };
  const isOptional = (name: string): boolean => peerDependenciesMeta[name]?.optional === true;
  const aliases = [...peerAliases].flatMap(([alias, name]) => (isOptional(name) ? [alias] : []));
  return new Set([...Object.keys(peerDependencies).filter(isOptional), ...aliases]);
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  const root = fileURLToPath(new URL('../src', import.meta.url));
  const sources = await readSources(root);
  const violations = checkFloors(sources, CIRCLES, await optionalPeers());
  for (const { file, line, message } of violations) {
    console.error(`src/${file}:${line}: ${message}`);
  }
  console.log(`floors: ${sources.size} files, ${violations.length} violations`);
  if (violations.length > 0) process.exitCode = 1;
}
