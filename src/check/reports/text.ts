import type { Finding } from '../finding.ts';
import type { CheckResult } from '../result.ts';

/** For people, and for editors that look for `file(line,col): error CODE: message` as the compiler writes it. */
export function textReport({ findings, queries, files }: CheckResult): string {
  const errors = findings.filter(({ severity }) => severity === 'error').length;
  const warnings = findings.length - errors;
  const counted = [
    count(queries, 'query', 'queries'),
    `in ${count(files, 'file', 'files')}:`,
    errors === 0 ? 'no errors' : count(errors, 'error', 'errors'),
    ...(warnings === 0 ? [] : [`and ${count(warnings, 'warning', 'warnings')}`]),
  ];
  return `${findings.map(inText).join('\n')}${findings.length === 0 ? '' : '\n'}${counted.join(' ')}\n`;
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
