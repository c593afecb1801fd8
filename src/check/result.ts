import type { Finding, SourcePlace } from './finding.ts';

/** What a run of the command has found. */
export interface CheckResult {
  readonly findings: readonly Finding[];
  /** How many different queries there are, and in how many files. */
  readonly queries: number;
  readonly files: number;
  /** Where queries are written that are given to nothing which could be followed. */
  readonly notFollowed: readonly SourcePlace[];
}
