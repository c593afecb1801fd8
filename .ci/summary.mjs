// Prints "N passed, N failed, N skipped" for vitest's JSON report, and exits accordingly.
// A step that failed though no test did, such as the linter, counts as a failure; so does a report
// that is missing or has no test in it.
import { readFileSync } from 'node:fs';

const [report = '', failedSteps = '0'] = process.argv.slice(2);
let passed = 0;
let failed = 0;
let skipped = 0;
try {
  const results = JSON.parse(readFileSync(report, 'utf8'));
  passed = results.numPassedTests;
  failed = results.numFailedTests;
  skipped = results.numPendingTests + results.numTodoTests;
} catch (error) {
  console.log(`no report of the tests: ${error.message}`);
}
if (failed === 0) failed += Number(failedSteps);
if (passed + failed === 0) failed = 1;
console.log(`${passed} passed, ${failed} failed, ${skipped} skipped`);
process.exitCode = failed === 0 ? 0 : 1;
