import type { CodecSource } from '../codecs/codec-source.ts';
import { isReady, MissingTypesError } from '../codecs/codec-source.ts';
import { lastTuple } from '../codecs/compilers/tuple-decoder.ts';
import type { TextRun } from '../codecs/text-run.ts';
import { DecodeError, OutdatedSchemaCacheError, ProtocolError } from '../errors/client-errors.ts';
import {
  KEY_TUPLE,
  NEW_TUPLE,
  OLD_TUPLE,
  type RelationMessage,
} from '../protocol/replication/change-messages.ts';
import type { Row } from '../values/row.ts';
import { Delete, Insert, type Relation, Update } from './change.ts';
import { type KnownRelation, Relations, typesOf } from './relations.ts';

/** What values are decoded with: of the present connection. */
export interface Decoding {
  readonly codecs: CodecSource;
  readonly textRun: TextRun;
  /** Values were asked for in their binary forms. */
  readonly isBinary: boolean;
}

/** Knows about types. */
export interface TypeHost {
  /**
   * Types have to be asked for before the message can be taken; what comes meanwhile is kept.
   *
   * @param isOutdated what is known of them is wrong
   */
  learn(oids: readonly number[], isOutdated: boolean): void;
  /** A type has no binary form here: the stream is to be begun anew, in text. */
  needsText(): void;
}

/**
 * Makes changes of the messages that have rows in them, with what is known of their tables and types. Where that
 * is not enough, or not right any more, the message is to be taken once more when it is.
 */
export class ChangeDecoder {
  readonly #host: TypeHost;
  readonly #relations = new Relations();
  #decoding: Decoding | null = null;
  /** The message that is taken now was tried before, with what was known then. */
  #isRetrying = false;
  /** It was tried with what its values may have been before as well. */
  #isFormer = false;
  /** The table of which a row could not be decoded. */
  #failed: RelationMessage | null = null;

  constructor(host: TypeHost) {
    this.#host = host;
  }

  /** A connection has begun. What it sends is decoded so. */
  connected(decoding: Decoding): void {
    this.#decoding = decoding;
    this.#relations.reset();
  }

  /** A message was taken, or none of this connection will be. */
  done(): void {
    this.#isRetrying = false;
    this.#isFormer = false;
  }

  /**
   * A message could not be taken. True: it is to be taken once more, at once; false: when types were learnt.
   * Throws the error if it is not about types.
   */
  retries(error: unknown): boolean {
    if (error instanceof NotYet) return false;
    // The text of a composite value does not tell that it is older than its type is: it may only be wrong.
    const isOutdated = error instanceof OutdatedSchemaCacheError || error instanceof DecodeError;
    if (this.#isRetrying && isOutdated && !this.#isFormer) {
      this.#isFormer = true;
      // What the catalog says now is right, and the value is older than that.
      this.#relations.defineFormer(this.#failed!, this.#decoding!.codecs);
      this.#failed = null;
      return true;
    }
    if (this.#isFormer && isOutdated && this.#decoding!.isBinary) {
      // A codec of the user's takes the text of a composite, and cannot have that of the older value's fields.
      this.#host.needsText();
      return false;
    }
    if (this.#isRetrying && !(error instanceof MissingTypesError)) throw error;
    if (isOutdated) this.#host.learn(typesOf(this.#failed!), true);
    else if (error instanceof MissingTypesError) this.#host.learn(error.oids, false);
    else throw error;
    this.#isRetrying = true;
    return false;
  }

  /** The types that `learn` was called for are known: what they are part of is described anew. */
  learnt(): void {
    const message = this.#failed;
    this.#failed = null;
    if (message === null) return;
    if (this.#isFormer) this.#relations.defineFormer(message, this.#decoding!.codecs);
    else this.#relations.define(message, this.#decoding!.codecs);
  }

  define(message: RelationMessage): void {
    const { codecs, isBinary } = this.#decoding!;
    const types = typesOf(message);
    if (!isReady(codecs, types)) {
      this.#host.learn(types, false);
      throw new NotYet();
    }
    if (isBinary && types.some((oid) => codecs.codec(oid)!.binary === null)) {
      this.#host.needsText();
      throw new NotYet();
    }
    this.#relations.define(message, codecs);
  }

  relation(oid: number): Relation {
    return this.#relations.get(oid);
  }

  insert(oid: number, xid: number, buffer: Buffer, at: number, end: number): Insert {
    const relation = this.#relations.get(oid);
    if (buffer[at] !== NEW_TUPLE) throw malformed('Insert');
    const made = this.#row(relation, 'whole', buffer, at, end, null);
    if (lastTuple.end !== end) throw malformed('Insert');
    return new Insert(relation, made, xid);
  }

  update(oid: number, xid: number, buffer: Buffer, start: number, end: number): Update {
    const relation = this.#relations.get(oid);
    let old: Row | null = null;
    let key: Row | null = null;
    let at = start;
    if (buffer[at] === OLD_TUPLE) old = this.#row(relation, 'whole', buffer, at, end, null);
    else if (buffer[at] === KEY_TUPLE) key = this.#row(relation, 'key', buffer, at, end, null);
    if (old !== null || key !== null) at = lastTuple.end;
    if (at >= end || buffer[at] !== NEW_TUPLE) throw malformed('Update');
    const made = this.#row(relation, 'whole', buffer, at, end, old);
    if (lastTuple.end !== end) throw malformed('Update');
    return new Update(relation, made, old, key, lastTuple.unchanged, xid);
  }

  delete(oid: number, xid: number, buffer: Buffer, at: number, end: number): Delete {
    const relation = this.#relations.get(oid);
    const isOld = buffer[at] === OLD_TUPLE;
    if (!isOld && buffer[at] !== KEY_TUPLE) throw malformed('Delete');
    const row = this.#row(relation, isOld ? 'whole' : 'key', buffer, at, end, null);
    if (lastTuple.end !== end) throw malformed('Delete');
    return new Delete(relation, isOld ? row : null, isOld ? null : row, xid);
  }

  #row(
    relation: KnownRelation,
    part: 'whole' | 'key',
    buffer: Buffer,
    at: number,
    end: number,
    old: Row | null,
  ): Row {
    try {
      return relation[part](buffer, at + 1, end, this.#decoding!.textRun, old);
    } catch (error) {
      this.#failed = relation.message;
      throw error;
    }
  }
}

/** The message has to wait. */
class NotYet extends Error {}

function malformed(message: string): ProtocolError {
  return new ProtocolError(`malformed ${message} message`);
}
