import path from 'node:path';
import type { Finding, SourcePlace } from '../finding.ts';
import type { CheckResult } from '../result.ts';
import { sarif } from './sarif.ts';
import { notFollowedReport, textReport } from './text.ts';

/** The forms that findings are written in. */
export const FORMATS = ['text', 'json', 'github', 'sarif'] as const;
export type Format = (typeof FORMATS)[number];

/** What the command prints. */
export function report(result: CheckResult, format: Format, cwd: string): string {
  const named = <T extends SourcePlace>(each: T): T => ({
    ...each,
    file: path.relative(cwd, each.file).split(path.sep).join('/'),
  });
  const findings = result.findings.map(named);
  const notFollowed = result.notFollowed.map(named);
  switch (format) {
    case 'text':
      return textReport({ ...result, findings, notFollowed });
    case 'json':
      return `${JSON.stringify({ ...result, findings: findings.map(withoutSource), notFollowed }, null, 2)}\n`;
    case 'github':
      return findings.map(githubCommand).join('') + notice(notFollowed);
    case 'sarif':
      return `${JSON.stringify(sarif(findings, notFollowed), null, 2)}\n`;
  }
}

function notice(notFollowed: readonly SourcePlace[]): string {
  const said = notFollowedReport(notFollowed);
  return said === null ? '' : `::notice title=not-followed::${said}\n`;
}

function withoutSource({ sourceLine: _, ...rest }: Finding): Omit<Finding, 'sourceLine'> {
  return rest;
}

/** https://docs.github.com/actions/reference/workflow-commands-for-github-actions */
function githubCommand({ file, line, column, severity, code, message, hint }: Finding): string {
  const data = (text: string): string =>
    text.replaceAll('%', '%25').replaceAll('\r', '%0D').replaceAll('\n', '%0A');
  const property = (text: string): string =>
    data(text).replaceAll(':', '%3A').replaceAll(',', '%2C');
  const place = `file=${property(file)},line=${line},col=${column},title=${property(code)}`;
  return `::${severity} ${place}::${data(hint === null ? message : `${message}\n${hint}`)}\n`;
}
