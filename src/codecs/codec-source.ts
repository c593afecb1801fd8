import { InternalClientError } from '../errors/client-errors.ts';
import type { Codec } from './codec.ts';
import type { TypeDescription } from './type-description.ts';

/**
 * What a session needs to know of codecs. `TypeRegistry` builds them from the server's catalogs;
 * a source that has a codec for every OID of its own is never told of any type, and its sessions
 * send no query to the catalogs.
 *
 * Statements keep the codecs that they were compiled with, and remember the epochs: they are
 * compiled anew when a later epoch is found.
 */
export interface CodecSource {
  /** Grows whenever a codec that was handed out may no longer be the right one. */
  readonly epoch: number;
  /** Grows whenever a type is not what it was; a codec that is set makes no difference. */
  readonly typesEpoch: number;
  /** Grows whenever what was learnt of the schema, of statements too, may be wrong now. */
  readonly schemaVersion: number;
  /**
   * The codec of a type; `undefined` if it, or a type that it is made of, is not known yet. There
   * is one for each of the types that `missing` was asked about and found nothing missing for.
   * Its decoder throws MissingTypesError where a value turns out to need types that are not known.
   */
  codec(oid: number): Codec | undefined;
  /**
   * The OIDs to ask the server for before these types, and all they are made of, have codecs. The
   * answers are given to `define`, and then it is asked again.
   */
  missing(oids: Iterable<number>): readonly number[];
  /** Adds types as the server describes them. */
  define(types: readonly TypeDescription[]): void;
  /** Has the next call, of whatever kind, ask for these types as well. */
  want(oids: readonly number[]): void;
  /** Those of these types, and of what they are made of, whose parts may be altered. */
  composites(oids: Iterable<number>): readonly number[];
  /** The server has a different schema than before, though not necessarily different types. */
  schemaChanged(): void;
  /** Drops what the server has told of types: the schema has changed. */
  forget(): void;
  /**
   * A source for another session of the same database. A type that is defined in one of them is
   * known to both; codecs that users set stay separate.
   */
  fork(): CodecSource;
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
