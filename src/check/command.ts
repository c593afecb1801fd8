import { parseArgs } from 'node:util';
import { CheckError } from './check-error.ts';
import { loadConfig } from './config.ts';
import { FORMATS, type Format, report } from './reports/report.ts';

const USAGE = `Usage: asyncpg check [options]

Has PostgreSQL check the queries of a project, and writes their types.

  --config FILE     the configuration (default: asyncpg.config.ts)
  --database URL    checks against this database, and changes nothing in it
                    (default: a throw-away server with the schema of the configuration)
  --watch           checks again at each change, until Ctrl-C
  --offline         without any database: fails if the generated file does not have a query
  --fix             gives names to sql templates that have none: sql<'users.byId'>
  --frozen          fails if the generated file would change, and does not write it
  --format FORMAT   ${FORMATS.join(', ')} (default: text)
  --help

Exit code: 0 for no errors, 1 for errors, 2 if it could not run.
`;

/** Where the command prints. */
export interface Output {
  out(text: string): void;
  err(text: string): void;
}

/**
 * Runs the command.
 *
 * @param args what follows `asyncpg`
 * @param signal ends `--watch`
 * @returns the exit code
 */
export async function runCommand(
  args: readonly string[],
  cwd: string,
  output: Output,
  signal: AbortSignal = new AbortController().signal,
): Promise<0 | 1 | 2> {
  try {
    const { values, positionals } = parseCommandLine(args);
    if (values.help === true) {
      output.out(USAGE);
      return 0;
    }
    const [name, file] = positionals;
    if (name !== 'check') throw new CheckError(USAGE);
    if (file !== undefined) {
      throw new CheckError(`it takes no files, such as ${file}: include of the configuration does`);
    }
    const format = values.format ?? 'text';
    if (!isFormat(format)) {
      throw new CheckError(`--format must be one of ${FORMATS.join(', ')}, not ${format}`);
    }
    const run = {
      isFrozen: values.frozen === true,
      isOffline: values.offline === true,
      fixes: values.fix === true,
      database: values.database,
    };
    const modes = ['watch', 'frozen', 'offline'] as const;
    const [first, second] = modes.filter((mode) => values[mode] === true);
    if (second !== undefined) throw new CheckError(`--${first} and --${second} exclude each other`);
    if (values.fix === true && (values.frozen === true || values.offline === true)) {
      throw new CheckError(
        `--fix and --${first} exclude each other: --fix writes, and --${first} looks at what is written`,
      );
    }
    const config = await loadConfig(cwd, values.config);
    await loadParser();
    if (values.watch === true) {
      const { watch } = await import('./watch.ts');
      await watch(cwd, values.config, run, signal, (result) => {
        const isError = result instanceof CheckError;
        if (isError) output.err(`asyncpg check: ${result.message}\n`);
        else output.out(report(result, format, cwd));
      });
      return 0;
    }
    const { check } = await import('./check.ts');
    const result = await check(config, run);
    output.out(report(result, format, cwd));
    return result.findings.some(({ severity }) => severity === 'error') ? 1 : 0;
  } catch (error) {
    // What is no CheckError is a fault of this program: its stack helps to mend it.
    const isExpected = error instanceof CheckError;
    output.err(`asyncpg check: ${isExpected ? error.message : (error as Error).stack}\n`);
    return 2;
  }
}

function parseCommandLine(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      allowPositionals: true,
      options: {
        config: { type: 'string' },
        database: { type: 'string' },
        format: { type: 'string' },
        fix: { type: 'boolean' },
        frozen: { type: 'boolean' },
        offline: { type: 'boolean' },
        watch: { type: 'boolean' },
        help: { type: 'boolean', short: 'h' },
      },
    });
  } catch (error) {
    throw new CheckError(`${(error as Error).message}\n${USAGE}`, { cause: error });
  }
}

/** The parser is installed by those who use the command, and not with the driver. */
async function loadParser(): Promise<void> {
  try {
    await import('oxc-parser');
  } catch (error) {
    throw new CheckError('oxc-parser is missing: npm install --save-dev oxc-parser', {
      cause: error,
    });
  }
}

function isFormat(text: string): text is Format {
  return (FORMATS as readonly string[]).includes(text);
}
