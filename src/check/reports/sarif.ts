import type { Finding } from '../finding.ts';

/** Static Analysis Results Interchange Format 2.1.0, which code scanning takes. */
export function sarif(findings: readonly Finding[]): object {
  const rules = [...new Set(findings.map(({ code }) => code))].sort();
  return {
    $schema: 'https://json.schemastore.org/sarif-2.1.0.json',
    version: '2.1.0',
    runs: [
      {
        tool: { driver: { name: 'asyncpg check', rules: rules.map((id) => ({ id })) } },
        columnKind: 'utf16CodeUnits',
        results: findings.map(({ file, line, column, severity, code, message, hint }) => ({
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
