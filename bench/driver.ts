/** A driver as the benchmark sees it: its usual way of doing each thing, and nothing around it. */
export interface Driver {
  readonly version: string;
  /** A connection of its own for one caller. */
  connect(dsn: string): Promise<DriverConnection>;
  /**
   * A pool of at most `size` connections. `minSize` of them are open at once, all by default, where
   * a driver opens any before they are needed.
   */
  pool(dsn: string, size: number, minSize?: number): Promise<DriverPool>;
}

export interface DriverPool {
  fetchRow(text: string, args: readonly unknown[]): Promise<unknown>;
  /** Executes statements one after the other in a transaction. */
  transaction?(texts: readonly string[], args: readonly unknown[]): Promise<unknown>;
  close(): Promise<unknown>;
}

export interface DriverConnection extends DriverPool {
  fetch(text: string, args: readonly unknown[]): Promise<ArrayLike<unknown>>;
  /** Executes a statement once for each set of values, atomically. */
  many(text: string, sets: readonly (readonly unknown[])[]): Promise<unknown>;
  /** Copies records in. Missing: the driver has no COPY. */
  copyIn?(table: string, columns: readonly string[], records: readonly Values[]): Promise<unknown>;
  /** Copies the result of a query out, in text; resolves to how many bytes came. */
  copyOut?(text: string): Promise<number>;
}

export type Values = readonly unknown[];

/** Thrown, by its name, for what a driver cannot do: its cell stays empty. */
export class UnsupportedWork extends Error {
  override readonly name = 'UnsupportedWork';
}

const LINES_PER_CHUNK = 500;

/** COPY's text format, for drivers that leave encoding to their users. */
export function* copyText(records: readonly Values[]): Generator<string> {
  for (let first = 0; first < records.length; first += LINES_PER_CHUNK) {
    let chunk = '';
    for (const record of records.slice(first, first + LINES_PER_CHUNK)) {
      chunk += `${record.map(copyField).join('\t')}\n`;
    }
    yield chunk;
  }
}

const ESCAPES: Readonly<Record<string, string>> = {
  '\\': '\\\\',
  '\t': '\\t',
  '\n': '\\n',
  '\r': '\\r',
};

function copyField(value: unknown): string {
  if (value === null) return '\\N';
  return typeof value === 'string'
    ? value.replace(/[\\\t\n\r]/g, (character) => ESCAPES[character]!)
    : String(value);
}
