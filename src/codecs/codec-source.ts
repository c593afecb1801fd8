import { InternalClientError } from '../errors/client-errors.ts';
import type { Codec } from './codec.ts';
import type { ArgumentEncoder } from './compilers/argument-encoder.ts';
import type { DomainCodecs } from './domain-codecs.ts';
import type { TypeDescription } from './type-description.ts';

/**
 * What a session needs to know of codecs. `TypeRegistry` builds them from the server's catalogs;
 * a source that has a codec for every OID of its own is never told of any type, and its sessions
 * send no query to the catalogs.
 *
 * Statements keep the codecs that they were compiled with, and remember the epoch: when a later one
 * is found, their types are asked for again as far as they are in doubt, and they are compiled anew
 * if any is not what it was.
 */
export interface CodecSource {
  /** Grows whenever a codec that was handed out may no longer be the right one. */
  readonly epoch: number;
  /** The epoch for which the codecs that are handed out now are right: of the last `catchUp`. */
  readonly confirmedEpoch: number;
  /** Grows whenever a codec that was handed out is no longer the right one. */
  readonly changes: number;
  /** Grows whenever a type is not what it was; a codec that is set makes no difference. */
  readonly typeChanges: number;
  /** Grows whenever what was learnt of the schema, of statements too, may be wrong now. */
  readonly schemaVersion: number;
  /**
   * The codec of a type; `undefined` if it, or a type that it is made of, is not known yet, or its code
   * not loaded. There is one for each of the types that `isReady` was asked about.
   * Its decoder throws MissingTypesError where a value turns out to need types that are not known.
   */
  codec(oid: number): Codec | undefined;
  /**
   * The OIDs to ask the server for before these types, and all they are made of, have codecs. The
   * answers are given to `define`, and then it is asked again.
   */
  missing(oids: Iterable<number>): readonly number[];
  /** What a domain that is known is made of in the end; the OID of any other type. */
  baseOf?(oid: number): number;
  /** Loads the code of codecs that these types, all of them known, need; null if it is there. */
  load?(oids: Iterable<number>): Promise<unknown> | null;
  /** Adds types as the server describes them. */
  define(types: readonly TypeDescription[]): void;
  /** Has the next call, of whatever kind, ask for these types as well. */
  want(oids: readonly number[]): void;
  /** Those of these types, and of what they are made of, whose parts may be renamed or altered. */
  composites(oids: Iterable<number>): readonly number[];
  /** The server has a different schema than before, though not necessarily different types. */
  schemaChanged(): void;
  /** The setting IntervalStyle, by which the session reads the text of an interval. */
  setIntervalStyle(style: string | undefined): void;
  /** This session may see other types from here on: what it was told is asked for again. */
  doubt(): void;
  /** The other sessions of the pool may see other types from here on. */
  doubtElsewhere(): void;
  /** What is in doubt has no codec, and is missing, from here on. */
  catchUp(): void;
  /** What a column is called in rows; without it, what the server calls it. */
  readonly columnName?: ((column: string) => string) | null;
  /** Drops what the server has told of types: the schema has changed. */
  forget(): void;
  /** The codecs of domains, if it has room for any. */
  readonly domains?: DomainCodecs | undefined;
  /** The codecs that are set now are the session's own from here on, and not its present holder's. */
  keepCodecs?(): void;
  /**
   * Goes back to those, whatever a holder has set since. True: a domain's was among that, so that the
   * statements that are known have its columns otherwise than they are now.
   */
  restoreCodecs?(): boolean;
  /** What answers for a source that is made late. */
  readonly behind?: CodecSource;
  /**
   * A source for another session of the pool, which asks for its types itself: it may be connected
   * to another server. It knows from the others what to ask for at once.
   */
  fork(): CodecSource;
  /**
   * The same types for values of a log, from before composite types were altered: such a value has the fields
   * that it has, wherever it stands.
   */
  former?(): CodecSource;
}

/** Whether a source has a codec for each of these types now. */
export function isReady(source: CodecSource, oids: readonly number[]): boolean {
  return source.missing(oids).length === 0 && (source.load?.(oids) ?? null) === null;
}

/**
 * How the arguments and rows of single calls are written and read, in place of the session's codecs:
 * for adapters to libraries that have values of their own.
 */
export interface CallCodecs {
  /** The codec of a type, always the same one; undefined: the session's own. */
  codec(oid: number): Codec | undefined;
  /** The same for a column of a result, where its place counts. */
  columnCodec?(oid: number, index: number): Codec | undefined;
  /** What writes arguments where their types do not count; without it, the codecs do. */
  argumentEncoder?(parameters: readonly Codec[]): ArgumentEncoder;
}

/**
 * A record has fields of types that no column description told of. The types have to be
 * asked for, then the same bytes can be decoded.
 */
export class MissingTypesError extends InternalClientError {
  readonly oids: readonly number[];

  constructor(oids: readonly number[]) {
    super(`a record has fields of types that are not known yet: ${oids.join(', ')}`, {
      hint: 'Cast the record to a composite type, or the field to a built-in one.',
    });
    this.oids = oids;
  }
}
