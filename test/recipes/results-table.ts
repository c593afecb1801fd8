import type { Packages } from './project.ts';

/** A page with the versions that its programs were run with, between the two comments of that name. */
export function resultsTable(
  page: string,
  name: string,
  column: string,
  packagesOf: Readonly<Record<string, Packages>>,
): string {
  const rows = Object.entries(packagesOf).map(([each, packages]) => [
    each,
    Object.entries(packages)
      .map(([title, version]) => `${title} ${version}`)
      .join(', '),
  ]);
  const all = [[column, 'Last run with'], ...rows];
  const widths = [0, 1].map((index) => Math.max(...all.map((row) => row[index]!.length)));
  const rule = widths.map((width) => '-'.repeat(width));
  const lines = [all[0]!, rule, ...rows].map(
    (row) => `| ${row.map((cell, index) => cell.padEnd(widths[index]!)).join(' | ')} |`,
  );
  const place = new RegExp(`(<!-- ${name}: .*-->\\n)[\\s\\S]*(<!-- end of ${name} -->)`);
  return page.replace(place, `$1\n${lines.join('\n')}\n\n$2`);
}
