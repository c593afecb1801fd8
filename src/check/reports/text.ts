import type { Finding, SourcePlace } from '../finding.ts';
import type { CheckResult } from '../result.ts';

/** For people, and for editors that look for `file(line,col): error CODE: message` as the compiler writes it. */
export function textReport({ findings, queries, files, notFollowed }: CheckResult): string {
  const errors = findings.filter(({ severity }) => severity === 'error').length;
  const warnings = findings.length - errors;
  const counted = [
    count(queries, 'query', 'queries'),
    `in ${count(files, 'file', 'files')}:`,
    errors === 0 ? 'no errors' : count(errors, 'error', 'errors'),
    ...(warnings === 0 ? [] : [`and ${count(warnings, 'warning', 'warnings')}`]),
  ];
  const left = notFollowedReport(notFollowed);
  return `${findings.map(inText).join('\n')}${findings.length === 0 ? '' : '\n'}${counted.join(' ')}\n${left === null ? '' : `${left}\n`}`;
}

/** So many places are told. */
const MOST_PLACES = 5;

/** Where queries are written of which nothing was checked; null where there are none. */
export function notFollowedReport(places: readonly SourcePlace[]): string | null {
  if (places.length === 0) return null;
  const told = places
    .slice(0, MOST_PLACES)
    .map(({ file, line, column }) => `${file}(${line},${column})`);
  const others = places.length - told.length;
  if (others > 0) told.push(`and ${others} more`);
  const counted = count(places.length, 'query was', 'queries were');
  const given = places.length === 1 ? 'it is' : 'they are';
  return `${counted} not checked, as ${given} given to nothing that can be followed: ${told.join(', ')}`;
}

function inText({
  file,
  line,
  column,
  severity,
  code,
  message,
  hint,
  sourceLine,
}: Finding): string {
  const indent = sourceLine.length - sourceLine.trimStart().length;
  // The caret stands under its character, whatever tabs are in front of it.
  const before = sourceLine.slice(indent, column - 1).replaceAll(/[^\t]/gu, ' ');
  const shown = sourceLine.trim() === '' ? '' : `\n    ${sourceLine.trim()}\n    ${before}^`;
  const advice = hint === null ? '' : `\n    ${hint}`;
  return `${file}(${line},${column}): ${severity} ${code}: ${message}${shown}${advice}\n`;
}

function count(number: number, one: string, many: string): string {
  return `${number} ${number === 1 ? one : many}`;
}
