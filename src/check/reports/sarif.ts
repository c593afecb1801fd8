import type { Finding, SourcePlace } from '../finding.ts';

const NOT_FOLLOWED = {
  severity: 'note',
  code: 'not-followed',
  message: 'not checked, as it is given to nothing that can be followed',
  hint: null,
} as const;

/** Static Analysis Results Interchange Format 2.1.0, which code scanning takes. */
export function sarif(findings: readonly Finding[], notFollowed: readonly SourcePlace[]): object {
  const notes = notFollowed.map((each) => ({ ...each, ...NOT_FOLLOWED }));
  const results = [...findings, ...notes];
  const rules = [...new Set(results.map(({ code }) => code))].sort();
  return {
    $schema: 'https://json.schemastore.org/sarif-2.1.0.json',
    version: '2.1.0',
    runs: [
      {
        tool: { driver: { name: 'asyncpg check', rules: rules.map((id) => ({ id })) } },
        columnKind: 'utf16CodeUnits',
        results: results.map(({ file, line, column, severity, code, message, hint }) => ({
          ruleId: code,
          level: severity,
          message: { text: hint === null ? message : `${message}. ${hint}` },
          locations: [
            {
              physicalLocation: {
                artifactLocation: { uri: uriOf(file) },
                region: { startLine: line, startColumn: column },
              },
            },
          ],
        })),
      },
    ],
  };
}

/** A relative URI: what would begin a query or a fragment, or end a scheme, is escaped as well. */
function uriOf(file: string): string {
  return encodeURI(file).replaceAll(/[?#:]/g, encodeURIComponent);
}
