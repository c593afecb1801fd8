// What vitest's JSON reports of `.ci/run` say. `summary.mjs FOLDER FAILED_STEPS` prints the tests that failed at
// first and not when their files ran once more by themselves, then "N passed, N failed, N skipped", and exits
// accordingly. A step that failed though no test did, such as the linter, counts as a failure; so does a report
// that is missing or has no test in it. `summary.mjs failed-files REPORT` prints the files that failed.
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';

const read = (file) => JSON.parse(readFileSync(file, 'utf8'));
const failedFiles = ({ testResults }) => testResults.filter(({ status }) => status === 'failed');

function failedTests({ testResults }) {
  return testResults.flatMap(({ name, assertionResults }) =>
    assertionResults
      .filter(({ status }) => status === 'failed')
      .map(({ fullName }) => `${path.relative('.', name)} > ${fullName}`),
  );
}

function printFailedFiles(report) {
  try {
    for (const { name } of failedFiles(read(report))) console.log(path.relative('.', name));
  } catch {
    // The run was cut short: the summary says that there is no report.
  }
}

function summarize(folder, failedSteps) {
  let passed = 0;
  let failed = 0;
  let skipped = 0;
  try {
    const all = read(path.join(folder, 'all.json'));
    passed = all.numPassedTests;
    failed = all.numFailedTests;
    skipped = all.numPendingTests + all.numTodoTests;
    const again = path.join(folder, 'alone.json');
    if (existsSync(again)) {
      const still = new Set(failedTests(read(again)));
      const unsteady = failedTests(all).filter((test) => !still.has(test));
      for (const test of unsteady) console.log(`unsteady, passed by itself: ${test}`);
      passed += unsteady.length;
      failed -= unsteady.length;
    }
  } catch (error) {
    console.log(`no report of the tests: ${error.message}`);
  }
  if (failed === 0) failed += failedSteps;
  if (passed + failed === 0) failed = 1;
  console.log(`${passed} passed, ${failed} failed, ${skipped} skipped`);
  process.exitCode = failed === 0 ? 0 : 1;
}

const [first = '', second = '0'] = process.argv.slice(2);
if (first === 'failed-files') printFailedFiles(second);
else summarize(first, Number(second));
