import type { FieldDescription } from '../../protocol/backend/result.ts';
import { MessageReader } from '../../protocol/reader.ts';
import type { RequestHost } from '../request.ts';
import { SimpleRequest } from './simple-request.ts';

/** A value as it came: its bytes, or null. */
type Cell = Buffer | null;

/**
 * One command of a walsender, which knows the simple protocol alone. Resolves to its rows, by the
 * names of their columns.
 */
export class WalsenderCommand extends SimpleRequest<ReadonlyMap<string, Cell>[]> {
  #names: readonly string[] = [];
  #rows: Map<string, Cell>[] = [];

  constructor(text: string) {
    super(text, null);
  }

  protected override begin(): void {
    this.#rows = [];
  }

  protected override described(_session: RequestHost, fields: readonly FieldDescription[]): void {
    this.#names = fields.map(({ name }) => name);
    this.#rows = [];
  }

  override dataRow(_session: RequestHost, buffer: Buffer, start: number, end: number): void {
    const reader = new MessageReader(buffer, start, end);
    const count = reader.count(4);
    if (count !== this.#names.length) reader.fail(`it has ${count} columns`);
    const row = new Map<string, Cell>();
    for (const name of this.#names) {
      const size = reader.int32();
      row.set(name, size === -1 ? null : reader.bytes(size));
    }
    reader.finish('DataRow');
    this.#rows.push(row);
  }

  protected override completed(): void {
    // The tag says nothing that the rows do not.
  }

  protected override succeed(): void {
    this.resolve(this.#rows);
  }
}
