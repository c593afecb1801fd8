import { Backlog } from '../client/bulk/backlog.ts';
import type { Transaction as SqlTransaction } from '../client/transactions/transaction.ts';
import type { PgType } from '../codecs/codec.ts';
import type { CodecSource } from '../codecs/codec-source.ts';
import { columnName } from '../codecs/column-name.ts';
import type { SessionContext } from '../connecting/open-session.ts';
import { InterfaceError } from '../errors/client-errors.ts';
import { ConnectionDoesNotExistError } from '../errors/generated/sqlstate.ts';
import { PostgresError } from '../errors/postgres-error.ts';
import { quoteIdentifier, quoteLiteral } from '../sql/quote.ts';
import { type Row, rowShape } from '../values/row.ts';
import type { AssemblerHost } from './assembler-host.ts';
import { Insert, type KeySource, type RelationColumn } from './change.ts';
import { IdleLimit } from './idle-limit.ts';
import { learnTypesApart, openConnection } from './learn-types.ts';
import type { StreamSettings } from './options.ts';
import { createSlot, keepOnStandbys } from './preparation.ts';
import { presentNames, type SnapshotTable } from './present-names.ts';
import { type PublishedTable, publishedTables, whileTablesGo } from './publications.ts';
import { refuseRewritten } from './rewritten.ts';
import { sizeOfRow } from './row-size.ts';
import { tablePath } from './table-path.ts';
import { Transaction } from './transaction.ts';
import { askCatalog, type Walsender } from './walsender.ts';

/** The longest name of a slot, less what is put behind it. */
const MAX_NAME = 54;

/** A table and how its rows are read. */
interface Source extends SnapshotTable {
  readonly relation: KeySource;
}

/**
 * The rows that are there when a slot is made. They are read under the snapshot of a temporary slot, and
 * only when all of them were acknowledged is that one copied to the permanent one: so that there is
 * one if and only if its snapshot was processed, whatever crashes meanwhile.
 */
export class Snapshot {
  /** Where the changes go on behind it. */
  readonly position: bigint;
  readonly #sender: Walsender;
  readonly #context: SessionContext;
  readonly #settings: StreamSettings;
  readonly #name: string;
  readonly #slot: string;
  readonly #temporary: string;
  readonly #sources: Source[];
  readonly #idleLimit: IdleLimit | null;
  /** Workers that have not imported the snapshot yet. */
  #importing = 0;
  /** Transactions that are not acknowledged. */
  #unacknowledged = 0;
  readonly #open = new Set<Transaction>();
  #isComplete = false;
  #hasFailed = false;
  #finish: () => void = () => {};

  private constructor(
    sender: Walsender,
    context: SessionContext,
    settings: StreamSettings,
    slot: string,
    temporary: string,
    made: { readonly position: bigint; readonly name: string },
    sources: Source[],
    idleLimit: IdleLimit | null,
  ) {
    this.#sender = sender;
    this.#context = context;
    this.#settings = settings;
    this.#slot = slot;
    this.#temporary = temporary;
    this.position = made.position;
    this.#name = made.name;
    this.#sources = sources;
    this.#idleLimit = idleLimit;
  }

  static async begin(
    sender: Walsender,
    context: SessionContext,
    settings: StreamSettings,
    slot: string,
    signal: AbortSignal,
  ): Promise<Snapshot> {
    if (sender.session.server.version.major >= 14) {
      await sender.command('SET idle_session_timeout = 0');
    }
    // What cannot be had is refused before there is a slot, and what is locked is waited for.
    await whileTablesGo(() => sourcesOf(sender, context, settings, signal));
    const idleLimit = await IdleLimit.set(sender, context.config.timeout);
    const temporary = `${slot.slice(0, MAX_NAME)}_snapshot`;
    const { consistentPoint, snapshot } = await createSlot(
      sender,
      {
        name: temporary,
        isTemporary: true,
        exportsSnapshot: true,
        failover: false,
        twoPhase: false,
      },
      context.config.timeout,
    );
    const made = { position: consistentPoint, name: snapshot! };
    const sources = await sourcesUnder(made.name, context, settings, signal).catch((error) => {
      throw whyLost(sender, idleLimit) ?? error;
    });
    return new Snapshot(sender, context, settings, slot, temporary, made, sources, idleLimit);
  }

  /** Hands over the rows. Resolves when all are acknowledged and the slot is there. */
  async run(host: AssemblerHost, signal: AbortSignal): Promise<void> {
    const acknowledged = new Promise<void>((resolve) => {
      this.#finish = resolve;
    });
    const lost = this.#sender.ended.then((reason) => {
      throw reason ?? new InterfaceError('the change stream is closed');
    });
    lost.catch(() => {});
    const workers: Promise<void>[] = [];
    const { connections } = this.#settings.snapshot!;
    this.#importing = Math.min(connections, this.#sources.length);
    for (let left = this.#importing; left > 0; left--) workers.push(this.#work(host, signal));
    try {
      await Promise.race([Promise.all(workers), lost]);
      this.#isComplete = true;
      if (this.#unacknowledged > 0) await Promise.race([acknowledged, lost]);
    } catch (error) {
      // So that no reader waits for somebody to take its rows, or goes on to the next table.
      this.#hasFailed = true;
      this.#sources.length = 0;
      for (const transaction of this.#open) transaction.drop();
      await Promise.allSettled(workers);
      throw whyLost(this.#sender, this.#idleLimit) ?? reasonOf(error);
    } finally {
      this.#idleLimit?.stop();
    }
    await this.#keep().catch((error) => {
      throw whyLost(this.#sender, this.#idleLimit) ?? error;
    });
  }

  /** Rows are to be read yet, or to be acknowledged. */
  get isOpen(): boolean {
    return this.#sources.length > 0 || this.#open.size > 0 || this.#unacknowledged > 0;
  }

  /** The stream has ended: who waits for rows is told so. */
  wake(): void {
    for (const transaction of this.#open) transaction.wake();
  }

  /** One of its transactions was acknowledged. */
  acknowledged(): void {
    this.#unacknowledged -= 1;
    if (this.#isComplete && this.#unacknowledged === 0) this.#finish();
  }

  /** Reads tables one after the other, as long as there are any. */
  async #work(host: AssemblerHost, signal: AbortSignal): Promise<void> {
    const connection = await openConnection(this.#context, signal);
    try {
      const options = { isolation: 'repeatable_read', readOnly: true, signal } as const;
      await connection.transaction(options, async (tx) => {
        await importSnapshot(this.#name, (text) => tx.execute(text));
        // Rows that a policy hides from this role would be missing, and their changes would come: that is an error.
        await tx.execute('SET LOCAL row_security = off');
        this.#importing -= 1;
        if (this.#importing === 0) this.#idleLimit?.keepAlive();
        for (let next = this.#sources.shift(); next !== undefined; next = this.#sources.shift()) {
          await this.#read(tx, next, host, signal);
        }
      });
    } finally {
      await connection.close();
    }
  }

  async #read(
    tx: SqlTransaction,
    source: Source,
    host: AssemblerHost,
    signal: AbortSignal,
  ): Promise<void> {
    const { highWater } = this.#settings;
    const { relation } = source;
    const transaction = new Transaction(host, 0, this.position, 0n, 'snapshot');
    this.#open.add(transaction);
    const { name, query } = await presentNames(tx, source);
    const backlog = new Backlog(highWater);
    for await (const row of tx.stream({ text: query, rows: 'record' })) {
      const change = new Insert(relation, row as Row, 0);
      // Nobody wants the rest of it, or the snapshot has failed.
      if (transaction.isDropped) break;
      backlog.leave(backlog.count - transaction.waiting);
      backlog.count += 1;
      backlog.weigh(sizeOfRow(row));
      transaction.push(change);
      if (transaction.isPending) host.pushed(transaction);
      else {
        this.#unacknowledged += 1;
        host.opened(transaction);
      }
      if (backlog.isFull) await transaction.whenBelow(backlog.low);
    }
    // It is not whole: who reads it is told why the stream ends.
    if (this.#hasFailed) throw new InterfaceError('the snapshot has failed');
    await refuseRewritten(tx, this.#context, relation, name, signal);
    this.#open.delete(transaction);
    transaction.end('committed');
    host.closed(transaction);
  }

  /** Makes the permanent slot, at the very place of the temporary one. */
  async #keep(): Promise<void> {
    const names = [this.#temporary, this.#slot].map((name) => quoteLiteral(name).trim());
    await this.#sender.command(
      `SELECT pg_catalog.pg_copy_logical_replication_slot(${names.join(', ')}, false)`,
    );
    if (this.#settings.failover) await keepOnStandbys(this.#sender, this.#slot);
    // It dies with the connection, if that is lost just now.
    await this.#sender
      .command(`DROP_REPLICATION_SLOT ${quoteIdentifier(this.#temporary)}`)
      .catch(() => {});
  }
}

/** Why the walsender is lost that holds the snapshot; null: it is not. */
function whyLost({ session }: Walsender, idleLimit: IdleLimit | null): Error | null {
  return idleLimit?.errorOf(session.endReason) ?? session.endReason;
}

/** Makes a transaction see the snapshot. Another server session holds it, which may have ended unseen. */
async function importSnapshot(
  name: string,
  execute: (text: string) => Promise<unknown>,
): Promise<void> {
  try {
    await execute(`SET TRANSACTION SNAPSHOT ${quoteLiteral(name)}`);
  } catch (error) {
    if (!GONE.has((error as { sqlstate?: unknown }).sqlstate)) throw error;
    const message = 'the connection that holds the snapshot is lost';
    throw new ConnectionDoesNotExistError(message, {}, { cause: error });
  }
}

/** What the server says of a snapshot that nobody holds: up to PostgreSQL 16, and since then. */
const GONE: ReadonlySet<unknown> = new Set(['22023', '42704']);

/** Why the connection is closed that the next table was to be read on. */
function reasonOf(error: unknown): unknown {
  const { cause } = error as { cause?: unknown };
  return error instanceof InterfaceError && cause instanceof PostgresError ? cause : error;
}

/**
 * What is to be read under a snapshot. The server waited for the transactions that were open before it made the slot,
 * and those may have made tables, or had them published.
 */
async function sourcesUnder(
  snapshot: string,
  context: SessionContext,
  settings: StreamSettings,
  signal: AbortSignal,
): Promise<Source[]> {
  return askCatalog(context, signal, (asker) =>
    whileTablesGo(async () => {
      // What has failed before is left behind.
      await asker.command('ROLLBACK; BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY');
      await importSnapshot(snapshot, (text) => asker.command(text));
      return sourcesOf(asker, context, settings, signal);
    }),
  );
}

/** What is to be read. */
async function sourcesOf(
  sender: Walsender,
  context: SessionContext,
  settings: StreamSettings,
  signal: AbortSignal,
): Promise<Source[]> {
  const published = await publishedTables(sender, settings);
  const wanted = settings.snapshot!.tables;
  const tables = wanted === null ? published : wanted.map((name) => find(published, name));
  const sources: Source[] = [];
  for (const table of tables)
    sources.push(await sourceOf(sender, context, settings, table, signal));
  return sources;
}

function find(published: readonly PublishedTable[], name: string): PublishedTable {
  const path = tablePath(name);
  const inSchema = path.length === 1 ? ['public', ...path] : path;
  const found = published.find(
    ({ schema, table }) =>
      name === `${schema}.${table}` ||
      (name === table && schema === 'public') ||
      (inSchema.length === 2 && inSchema[0] === schema && inSchema[1] === table),
  );
  if (found !== undefined) return found;
  throw new InterfaceError(`snapshot.tables: ${name} is not published`);
}

async function sourceOf(
  sender: Walsender,
  context: SessionContext,
  settings: StreamSettings,
  { schema, table, columns, isFiltered }: PublishedTable,
  signal: AbortSignal,
): Promise<Source> {
  // Of an index, what it includes is not its key, and one that is deferrable identifies nothing.
  const rows = await sender.command(
    `SELECT a.attname, a.attnum, a.atttypid, c.oid, c.relreplident, c.relkind,
      EXISTS (SELECT 1 FROM pg_catalog.pg_index i WHERE i.indrelid = c.oid AND i.indimmediate
        AND a.attnum = ANY((i.indkey::pg_catalog.int2[])[0:i.indnkeyatts - 1]) AND CASE c.relreplident
          WHEN 'd' THEN i.indisprimary WHEN 'i' THEN i.indisreplident ELSE false END)
        OR c.relreplident = 'f' AS is_key
      FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
        JOIN pg_catalog.pg_attribute a ON a.attrelid = c.oid
      WHERE n.nspname = ${quoteLiteral(schema)} AND c.relname = ${quoteLiteral(table)} AND a.attnum > 0 AND NOT a.attisdropped ORDER BY a.attnum`,
  );
  const codecs = sender.session.registry;
  await learnTypesApart(
    context,
    codecs,
    rows.map((row) => Number(row['atttypid'])),
    false,
    signal,
  );
  const published = rows.filter((row) => columns.includes(row['attname']!));
  const described = published.map(
    (row): RelationColumn => ({
      name: columnName(codecs, row['attname']!),
      type: typeOf(codecs, Number(row['atttypid'])),
      isKey: row['is_key'] === 't',
    }),
  );
  const keyColumns = described.filter(({ isKey }) => isKey).map((column) => column.name);
  const identities = { d: 'default', n: 'nothing', f: 'full', i: 'index' } as const;
  const relation: KeySource = {
    oid: Number(rows[0]?.['oid'] ?? 0),
    schema,
    table,
    replicaIdentity: identities[(rows[0]?.['relreplident'] ?? 'd') as keyof typeof identities],
    columns: described,
    keyColumns,
    keyPositions: described.flatMap(({ isKey }, i) => (isKey ? [i] : [])),
    keyShape: keyColumns.length === 0 ? null : rowShape(keyColumns),
  };
  return {
    relation,
    names: published.map((row) => row['attname']!),
    places: published.map((row) => Number(row['attnum'])),
    // What inherits from a table is published as itself.
    isAlone: rows[0]?.['relkind'] !== 'p',
    filteredBy: isFiltered ? settings.publications : null,
  };
}

function typeOf(codecs: CodecSource, oid: number): PgType {
  return codecs.codec(oid)!.type;
}
