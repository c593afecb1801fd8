import { parseArgs } from 'node:util';
import { CheckError } from './check-error.ts';
import { loadConfig } from './config.ts';
import { FORMATS, type Format, report } from './reports/report.ts';

const USAGE = `Usage: asyncpg check [options]

Has PostgreSQL check the queries of a project, and writes their types.

  --config FILE     the configuration (default: asyncpg.config.ts)
  --database URL    checks against this database, and changes nothing in it
                    (default: a throw-away server with the schema of the configuration)
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
 * @returns the exit code
 */
export async function runCommand(
  args: readonly string[],
  cwd: string,
  output: Output,
): Promise<0 | 1 | 2> {
  try {
    const { values, positionals } = parseCommandLine(args);
    if (values.help === true) {
      output.out(USAGE);
      return 0;
    }
    if (positionals.length !== 1 || positionals[0] !== 'check') throw new CheckError(USAGE);
    const format = values.format ?? 'text';
    if (!isFormat(format)) {
      throw new CheckError(`--format must be one of ${FORMATS.join(', ')}, not ${format}`);
    }
    const config = await loadConfig(cwd, values.config);
    const { check } = await loadCheck();
    const result = await check(config, {
      isFrozen: values.frozen === true,
      database: values.database,
    });
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
        frozen: { type: 'boolean' },
        help: { type: 'boolean', short: 'h' },
      },
    });
  } catch (error) {
    throw new CheckError(`${(error as Error).message}\n${USAGE}`, { cause: error });
  }
}

/** The parser is installed by those who use the command, and not with the driver. */
async function loadCheck(): Promise<typeof import('./check.ts')> {
  try {
    return await import('./check.ts');
  } catch (error) {
    if (!(error as Error).message.includes('oxc-parser')) throw error;
    throw new CheckError('oxc-parser is missing: npm install --save-dev oxc-parser', {
      cause: error,
    });
  }
}

function isFormat(text: string): text is Format {
  return (FORMATS as readonly string[]).includes(text);
}
