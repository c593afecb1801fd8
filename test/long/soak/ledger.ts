import type { Connection } from '../../../src/index.ts';

/** What a write that is counted in SQL was told. */
export type Verdict = 'done' | 'undone' | 'unknown';

interface Entry {
  readonly id: number;
  /** Rows that it writes, all or none. */
  readonly rows: number;
  readonly verdict: Verdict;
}

/**
 * Every write of the load takes an id and writes a number of rows with it into the table
 * `ledger`. What the driver told of each is kept here until it was compared with what is there.
 */
export class Ledger {
  audited = 0;
  readonly unknown = { kept: 0, lost: 0 };
  #nextId = 0;
  #entries: Entry[] = [];

  static readonly SCHEMA = 'CREATE TABLE ledger (id int4 NOT NULL, item int4 NOT NULL)';

  newId(): number {
    this.#nextId += 1;
    return this.#nextId;
  }

  note(id: number, rows: number, verdict: Verdict): void {
    this.#entries.push({ id, rows, verdict });
  }

  /** Compares what is there with what was told; what is wrong comes back in words. */
  async audit(admin: Connection): Promise<string[]> {
    const entries = this.#entries;
    this.#entries = [];
    if (entries.length === 0) return [];
    const ids = entries.map(({ id }) => id);
    let counts: Map<number, number>;
    try {
      const rows = await admin.fetch<{ id: number; rows: number }>(
        'SELECT id, count(*)::int4 AS rows FROM ledger WHERE id = ANY($1) GROUP BY id',
        ids,
      );
      counts = new Map(rows.map(({ id, rows }) => [id, rows]));
      await admin.execute('DELETE FROM ledger WHERE id = ANY($1)', ids);
    } catch (error) {
      // Another time. The rows may be gone if only the answer was lost: so this must not happen.
      this.#entries.push(...entries);
      throw error;
    }
    const wrong: string[] = [];
    for (const { id, rows, verdict } of entries) {
      const found = counts.get(id) ?? 0;
      const fits =
        verdict === 'unknown'
          ? found === 0 || found === rows
          : found === (verdict === 'done' ? rows : 0);
      if (!fits)
        wrong.push(`write ${id} was told ${verdict}: ${found} of its ${rows} rows are there`);
      if (verdict === 'unknown') this.unknown[found === 0 ? 'lost' : 'kept'] += 1;
    }
    this.audited += entries.length;
    return wrong;
  }
}
