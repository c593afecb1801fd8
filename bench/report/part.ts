/** A part of the report beside the drivers' workloads: what was measured, row by row. */
export interface Part {
  /** Where it stands in the pages: `<!-- tails:begin -->`. */
  readonly id: string;
  readonly title: string;
  /** What it means for the reader. */
  readonly meaning: string;
  /** What was compared; the first is ours. */
  readonly columns: readonly string[];
  readonly rows: readonly Row[];
  /** When and on what. */
  readonly source: string;
}

export interface Row {
  readonly title: string;
  readonly unit: string;
  /** In the order of the columns; null: not measured. */
  readonly values: readonly (number | null)[];
}

/** A number with as many digits as say something. */
export function figure(value: number): string {
  if (value < 100) return value.toFixed(1);
  return Math.round(value).toLocaleString('en-US');
}

/** The rows as a table of Markdown. */
export function partTable({ columns, rows, source }: Part): string {
  const lines = rows.map(({ title, unit, values }) => [
    `${title}, ${unit}`,
    ...values.map((value) => (value === null ? '–' : figure(value))),
  ]);
  const all = [['', ...columns], ['---', ...columns.map(() => '---:')], ...lines];
  return `${all.map((cells) => `| ${cells.join(' | ')} |`).join('\n')}\n\n${source}`;
}
