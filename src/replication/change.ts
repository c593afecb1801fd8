import type { PgType } from '../codecs/codec.ts';
import { type Row, type RowShape, rowValue } from '../values/row.ts';

/** One column of a table as it was when a change was made. */
export interface RelationColumn {
  /** Its name, as rows have it: changed by the pool's `transform`. */
  readonly name: string;
  /** Its type. */
  readonly type: PgType;
  /** It is part of the replica identity. */
  readonly isKey: boolean;
}

/** A table as it was when a change was made. Changes of one shape of it share the object. */
export interface Relation {
  /** The object id of its row in pg_class. */
  readonly oid: number;
  /** The schema that it is in. */
  readonly schema: string;
  /** Its name. */
  readonly table: string;
  /** By which columns its rows are told apart: ALTER TABLE … REPLICA IDENTITY. */
  readonly replicaIdentity: 'default' | 'nothing' | 'full' | 'index';
  /** The columns that are published, in their order. */
  readonly columns: readonly RelationColumn[];
  /** The names of those that are part of the replica identity. */
  readonly keyColumns: readonly string[];
}

/** What all changes of rows have. */
interface OfRow {
  /** The table. */
  readonly relation: Relation;
  /** With `streaming`: the transaction or savepoint that it is of, to compare with `aborted`. */
  readonly xid: number;
}

/** A new row. */
export interface InsertChange<T = any> extends OfRow {
  /** Tells it from the other changes. */
  readonly kind: 'insert';
  /** The row. */
  readonly new: Row<T>;
  /** Its replica identity; null if the table has none. */
  readonly key: Row | null;
}

/** A row that was changed. */
export interface UpdateChange<T = any> extends OfRow {
  /** Tells it from the other changes. */
  readonly kind: 'update';
  /** The row as it is now. Values that were not sent are `UNCHANGED`. */
  readonly new: Row<T>;
  /** The row before; null unless the table has REPLICA IDENTITY FULL. */
  readonly old: Row<T> | null;
  /** The replica identity that the row had before; null if the table has none. */
  readonly key: Row | null;
  /** The columns whose values are `UNCHANGED`, since they were not sent. */
  readonly unchanged: readonly string[];
}

/** A row that was deleted. */
export interface DeleteChange<T = any> extends OfRow {
  /** Tells it from the other changes. */
  readonly kind: 'delete';
  /** The row; null unless the table has REPLICA IDENTITY FULL. */
  readonly old: Row<T> | null;
  /** The replica identity that it had. */
  readonly key: Row;
}

/** TRUNCATE. */
export interface TruncateChange {
  /** Tells it from the other changes. */
  readonly kind: 'truncate';
  /** The tables that were emptied. */
  readonly relations: readonly Relation[];
  /** TRUNCATE … CASCADE. */
  readonly cascade: boolean;
  /** TRUNCATE … RESTART IDENTITY. */
  readonly restartIdentity: boolean;
  /** With `streaming`: the transaction or savepoint that it is of. */
  readonly xid: number;
}

/** A message of `pg_logical_emit_message`. */
export interface MessageChange {
  /** Tells it from the other changes. */
  readonly kind: 'message';
  /** Its prefix. */
  readonly prefix: string;
  /** Its content. */
  readonly content: Buffer;
  /** Whether it is part of a transaction, and was undone with it. */
  readonly transactional: boolean;
  /**
   * With `streaming`: the transaction that it is of. The server does not tell the savepoint, so that a message which was
   * rolled back with one is not known by `aborted`.
   */
  readonly xid: number;
}

/** The end of a transaction that was handed over when it was prepared. */
export interface PreparedChange {
  /** Tells it from the other changes. */
  readonly kind: 'commit-prepared' | 'rollback-prepared';
  /** The name that it was prepared under. */
  readonly gid: string;
}

/**
 * One change. `T` is the type of the rows: `Change<User>`.
 *
 * @example
 * if (change.kind === 'delete') cache.delete(change.key.id);
 */
export type Change<T = any> =
  | InsertChange<T>
  | UpdateChange<T>
  | DeleteChange<T>
  | TruncateChange
  | MessageChange
  | PreparedChange;

/** What is known of a table in order to make changes of it. */
export interface KeySource extends Relation {
  /** The positions of the key's columns among all. */
  readonly keyPositions: readonly number[];
  /** What a key is made as; null if there is none. */
  readonly keyShape: RowShape | null;
}

/** The replica identity's columns of a row. */
function keyOf({ keyPositions, keyShape }: KeySource, row: Row): Row | null {
  return keyShape === null ? null : keyShape.make(keyPositions.map((i) => rowValue(row, i)));
}

// Classes, so that no key is made that nobody looks at.

export class Insert implements InsertChange {
  readonly kind = 'insert';
  readonly relation: KeySource;
  readonly new: Row;
  readonly xid: number;

  constructor(relation: KeySource, made: Row, xid: number) {
    this.relation = relation;
    this.new = made;
    this.xid = xid;
  }

  get key(): Row | null {
    return keyOf(this.relation, this.new);
  }
}

export class Update implements UpdateChange {
  readonly kind = 'update';
  readonly relation: KeySource;
  readonly new: Row;
  readonly old: Row | null;
  readonly unchanged: readonly string[];
  readonly xid: number;
  readonly #key: Row | null;

  constructor(
    relation: KeySource,
    made: Row,
    old: Row | null,
    key: Row | null,
    unchanged: readonly string[],
    xid: number,
  ) {
    this.relation = relation;
    this.new = made;
    this.old = old;
    this.#key = key;
    this.unchanged = unchanged;
    this.xid = xid;
  }

  get key(): Row | null {
    return this.#key ?? keyOf(this.relation, this.old ?? this.new);
  }
}

export class Delete implements DeleteChange {
  readonly kind = 'delete';
  readonly relation: KeySource;
  readonly old: Row | null;
  readonly xid: number;
  readonly #key: Row | null;

  constructor(relation: KeySource, old: Row | null, key: Row | null, xid: number) {
    this.relation = relation;
    this.old = old;
    this.#key = key;
    this.xid = xid;
  }

  get key(): Row {
    return (this.#key ?? keyOf(this.relation, this.old!))!;
  }
}
