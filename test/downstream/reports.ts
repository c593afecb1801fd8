import type { Reporter } from './suites.ts';

/** What became of the tests of one run. */
export interface Counts {
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
  /** The names of those that failed, in order. */
  readonly failures: readonly string[];
}

interface MochaReport {
  readonly stats: { readonly passes: number; readonly failures: number; readonly pending: number };
  readonly failures: readonly { readonly fullTitle: string }[];
}

interface VitestReport {
  readonly numPassedTests: number;
  readonly numFailedTests: number;
  readonly numPendingTests: number;
  readonly numTodoTests: number;
  readonly testResults: readonly {
    readonly assertionResults: readonly { readonly fullName: string; readonly status: string }[];
  }[];
}

/**
 * Reads what a reporter has written.
 *
 * @param report the contents of its file
 * @param output what the run has printed, which is all that there is of `jasmine-node` and of TAP
 * @throws Error if the run ended before its report
 */
export function readReport(reporter: Reporter, report: string, output: string): Counts {
  switch (reporter) {
    case 'mocha': {
      const { stats, failures } = JSON.parse(report) as MochaReport;
      return {
        passed: stats.passes,
        failed: stats.failures,
        skipped: stats.pending,
        failures: failures.map(({ fullTitle }) => fullTitle).sort(),
      };
    }
    // Jest's report, which Vitest's has the form of.
    case 'jest':
    case 'vitest': {
      const found = JSON.parse(report) as VitestReport;
      const tests = found.testResults.flatMap(({ assertionResults }) => assertionResults);
      return {
        passed: found.numPassedTests,
        failed: found.numFailedTests,
        skipped: found.numPendingTests + found.numTodoTests,
        failures: namesOf(tests.filter(({ status }) => status === 'failed')),
      };
    }
    case 'jasmine-node':
      return readJasmine(output);
    case 'tap':
      return readTap(output);
    case 'files':
      return JSON.parse(report) as Counts;
  }
}

function namesOf(tests: readonly { readonly fullName: string }[]): string[] {
  return tests.map(({ fullName }) => fullName).sort();
}

function readTap(output: string): Counts {
  const results = [...output.matchAll(/^(not )?ok \d+ - (.*?)( # (?:SKIP|TODO).*)?$/gm)];
  if (results.length === 0) throw new Error('it ended without a result');
  const skipped = results.filter(([, , , directive]) => directive !== undefined).length;
  const failures = results
    .filter(([, not, , directive]) => not !== undefined && directive === undefined)
    .map(([, , title = '']) => title)
    .sort();
  return {
    passed: results.length - skipped - failures.length,
    failed: failures.length,
    skipped,
    failures,
  };
}

function readJasmine(output: string): Counts {
  const summary = /(\d+) tests?, \d+ assertions?, (\d+) failures?, (\d+) skipped/.exec(output);
  if (summary === null) throw new Error('jasmine-node ended without a summary');
  const [tests = 0, failed = 0, skipped = 0] = summary.slice(1).map(Number);
  // "  1) Title of the test", once in a list behind the word Failures.
  const list = output.slice(output.lastIndexOf('Failures:'));
  const failures = failed === 0 ? [] : [...list.matchAll(/^ {2}\d+\) (.+)$/gm)];
  return {
    passed: tests - failed - skipped,
    failed,
    skipped,
    failures: failures.map(([, title = '']) => title).sort(),
  };
}
