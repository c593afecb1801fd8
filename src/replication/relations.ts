import type { Codec } from '../codecs/codec.ts';
import type { CodecSource } from '../codecs/codec-source.ts';
import { columnName } from '../codecs/column-name.ts';
import { compileTupleDecoder, type TupleDecoder } from '../codecs/compilers/tuple-decoder.ts';
import { ProtocolError } from '../errors/client-errors.ts';
import type { RelationMessage } from '../protocol/replication/change-messages.ts';
import { rowShape } from '../values/row.ts';
import type { KeySource } from './change.ts';

/** A table, and how its rows are decoded. */
export interface KnownRelation extends KeySource {
  readonly message: RelationMessage;
  /** Decodes whole rows. */
  readonly whole: TupleDecoder;
  /** Decodes rows of which only the key was sent. */
  readonly key: TupleDecoder;
}

/** The OIDs of the types of a table's columns. */
export function typesOf({ columns }: RelationMessage): readonly number[] {
  return columns.map(({ typeOid }) => typeOid);
}

/**
 * The tables of one stream. The server describes each before its first change, and again on each
 * connection; what is as it was keeps its decoders, as generated code is dear to the engine.
 */
export class Relations {
  readonly #announced = new Map<number, KnownRelation>();
  /** From connections before. */
  readonly #remembered = new Map<number, KnownRelation>();

  /** The server describes them anew from here on. */
  reset(): void {
    for (const [oid, relation] of this.#announced) this.#remembered.set(oid, relation);
    this.#announced.clear();
  }

  /** The table is like this from here on. All of its types are known to `codecs`. */
  define(message: RelationMessage, codecs: CodecSource): KnownRelation {
    const made = message.columns.map(({ typeOid }) => codecs.codec(typeOid)!);
    const before = this.#announced.get(message.oid) ?? this.#remembered.get(message.oid);
    const relation =
      before !== undefined && isSame(before, message, made)
        ? before
        : describe(message, made, codecs);
    this.#announced.set(message.oid, relation);
    return relation;
  }

  /** The log has values of composite types from before they were altered. */
  defineFormer(message: RelationMessage, codecs: CodecSource): void {
    const former = codecs.former!();
    const made = message.columns.map(({ typeOid }) => former.codec(typeOid)!);
    this.#announced.set(message.oid, describe(message, made, codecs));
  }

  get(oid: number): KnownRelation {
    const relation = this.#announced.get(oid);
    if (relation === undefined) {
      throw new ProtocolError(
        `the server sent a change of table ${oid}, which it did not describe`,
      );
    }
    return relation;
  }
}

function isSame(
  { message, columns }: KnownRelation,
  other: RelationMessage,
  codecs: readonly Codec[],
): boolean {
  // The codec of a type that has changed is another object, and so is its type.
  return (
    JSON.stringify(message) === JSON.stringify(other) &&
    columns.every(({ type }, i) => type === codecs[i]!.type)
  );
}

function describe(
  message: RelationMessage,
  codecs: readonly Codec[],
  source: CodecSource,
): KnownRelation {
  const columns = message.columns.map(({ name, isKey }, i) => ({
    name: columnName(source, name),
    isKey,
    codec: codecs[i]!,
  }));
  const keyColumns = columns.filter(({ isKey }) => isKey).map(({ name }) => name);
  return {
    message,
    oid: message.oid,
    schema: message.schema === '' ? 'pg_catalog' : message.schema,
    table: message.table,
    replicaIdentity: message.replicaIdentity,
    columns: columns.map(({ name, isKey, codec }) => ({ name, isKey, type: codec.type })),
    keyColumns,
    keyPositions: columns.flatMap(({ isKey }, i) => (isKey ? [i] : [])),
    keyShape: keyColumns.length === 0 ? null : rowShape(keyColumns),
    whole: compileTupleDecoder(columns, false),
    key: compileTupleDecoder(columns, true),
  };
}
