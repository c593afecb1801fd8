import type { Results } from '../results.ts';
export function htmlReport(results: Results): string {
  return JSON.stringify(results);
}
