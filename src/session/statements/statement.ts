import { BINARY, type Codec, type PgType, TEXT } from '../../codecs/codec.ts';
import type { CallCodecs, CodecSource } from '../../codecs/codec-source.ts';
import { columnName } from '../../codecs/column-name.ts';
import {
  type ArgumentEncoder,
  compileArgumentEncoder,
  type Place,
} from '../../codecs/compilers/argument-encoder.ts';
import {
  type Column,
  compileDecoder,
  decoderToBegin,
  FEW_RESULTS,
  type RowDecoder,
} from '../../codecs/compilers/row-decoder.ts';
import type { FieldDescription } from '../../protocol/backend/result.ts';
import { writeDescribe, writeParse } from '../../protocol/frontend/query.ts';
import { Frontend, HEADER_LENGTH } from '../../protocol/message-type.ts';
import type { MessageWriter } from '../../protocol/writer.ts';
import { mayChangeTypes, type StatementKind, statementKind } from '../../sql/statement-kind.ts';
import type { RowForm } from '../../values/row-form.ts';
import { unexpected } from '../unexpected.ts';
import { lateDecoder } from './late-decoder.ts';
import type { Scope } from './scope.ts';

/**
 * A column of a statement's result, as the server describes it before the statement is executed.
 *
 * PostgreSQL manual: "Message Formats" (protocol-message-formats), RowDescription.
 */
export interface Attribute {
  /** The column's name. */
  readonly name: string;
  /** The column's type; of a domain, the type that it is made of, unless it has a codec of its own. */
  readonly type: PgType;
  /**
   * The object id of the table or view that the column is taken from, its `pg_attribute.attrelid`;
   * 0 if it is an expression and no table's column.
   */
  readonly tableOid: number;
  /**
   * The column's number in that table, its `pg_attribute.attnum`: from 1 on, negative for a system
   * column such as `ctid`; 0 if it is no table's column.
   */
  readonly columnNumber: number;
}

/** What the server says of a statement: its parameters' types and its result's columns. */
export interface StatementDescription {
  readonly parameterOids: readonly number[];
  /** Null when the statement returns no rows. */
  readonly fields: readonly FieldDescription[] | null;
  /** The columns' types, where they are domains with codecs of their own: see domain-columns.ts. */
  readonly columnOids?: readonly number[] | undefined;
  /** The `version` of the codecs of domains that they were asked for by. */
  readonly domainsVersion?: number | undefined;
}

/** The types of a statement's parameters and columns. */
export function typesOf({ parameterOids, fields, columnOids }: StatementDescription): number[] {
  return [...parameterOids, ...(columnOids ?? (fields ?? []).map((field) => field.typeOid))];
}

/**
 * A described statement with everything that executing it needs, worked out once: the argument
 * encoder, the row decoder, the constant bytes of its messages.
 */
export class Statement {
  readonly text: string;
  /** The server's name for it; empty when it is parsed anew for each execution. */
  readonly name: string;
  readonly description: StatementDescription;
  /** The registry's epoch for which the codecs below are right. */
  epoch: number;
  /** What the registry had counted of `changes` and `typeChanges` when they were compiled. */
  readonly changes: number;
  readonly typeChanges: number;
  /** Once it is executed, types may not be what they were. */
  readonly changesTypes: boolean;
  /** Composite types are in it that have to be confirmed each time that it is executed. */
  readonly isUnconfirmed: boolean;
  readonly parameters: readonly Codec[];
  /** Its columns are those of a portal, and may be of domains with codecs of their own: that was not asked. */
  readonly mayHaveDomains: boolean;
  /** Among its arguments are texts of arrays: see learnArrayNulls. */
  readonly sendsArrayTexts: boolean;
  readonly columns: readonly Column[];
  readonly encoder: ArgumentEncoder;
  /** What its text does when it is executed. */
  readonly kind: StatementKind;
  /** Whether what is known of other statements stays true when it is executed. */
  readonly leavesStatements: boolean;
  /** The surroundings that it was prepared in, if its user keeps it; null: it is outdated. */
  scope: Scope | null = null;
  /** The definitions of the session's own that had been made then. */
  definitions = 0;
  /** Whether functions that it calls have set nothing so far; null: it was not executed yet. */
  leavesSurroundings: boolean | null = null;
  /** How many rows its last result had. */
  lastCount = 0;
  readonly #decoders: Partial<Record<RowForm, RowDecoder<unknown>>> = {};
  /** How many results have begun without the fastest decoder. */
  #begun = 0;
  readonly #registry: CodecSource;
  readonly #boundFormats: boolean;
  /** What its values are written and read by where that has a codec. */
  readonly #codecs: CallCodecs | null;
  /** The same statement for calls with codecs of their own: the last of these. */
  #withCodecs: Statement | null = null;
  /** Bind up to the parameters; its length is patched when it is written. */
  readonly #bindHead: Buffer;
  /** Bind's result formats. */
  readonly #bindTail: Buffer;

  /**
   * @param boundFormats the description is that of a portal, and rows come in the formats that
   *   its fields name, of types that may not be known yet
   * @param codecs of a call, which come before the registry's
   */
  constructor(
    text: string,
    name: string,
    description: StatementDescription,
    registry: CodecSource,
    boundFormats: boolean = false,
    codecs: CallCodecs | null = null,
  ) {
    this.text = text;
    this.kind = statementKind(text);
    this.leavesStatements = this.kind.leavesStatements;
    this.name = name;
    this.description = description;
    this.#registry = registry;
    this.#boundFormats = boundFormats;
    this.#codecs = codecs;
    this.epoch = registry.confirmedEpoch;
    this.changes = registry.changes;
    this.typeChanges = registry.typeChanges;
    this.changesTypes = this.kind.changesSchema && mayChangeTypes(text);
    this.isUnconfirmed = name === '' && registry.composites(typesOf(description)).length > 0;
    this.mayHaveDomains =
      boundFormats &&
      description.domainsVersion === undefined &&
      registry.domains?.mayBeOf(description.fields) === true;
    this.parameters = description.parameterOids.map(
      (oid) => codecs?.codec(oid) ?? registry.codec(oid)!,
    );
    this.sendsArrayTexts = this.parameters.some(
      ({ argumentFormat, hasArrays }) => argumentFormat === TEXT && hasArrays === true,
    );
    this.columns = (description.fields ?? []).map((field, i) => {
      const codec = columnCodec(registry, codecs, field, description.columnOids?.[i], i);
      // What a library looks for is what the server says.
      const name = codecs === null ? columnName(registry, field.name) : field.name;
      return { name, codec, format: boundFormats ? field.format : codec.resultFormat };
    });
    this.encoder =
      codecs?.argumentEncoder?.(this.parameters) ?? compileArgumentEncoder(this.parameters);
    this.#bindHead = Buffer.from(`\0${name}\0`);
    this.#bindTail = resultFormats(this.columns);
  }

  /** The decoder of its rows in this form. It must be a statement that returns rows. */
  decoderOf(form: RowForm): RowDecoder<unknown> {
    this.#decoders[form] ??= this.#boundFormats
      ? lateDecoder(this, this.#registry, form, this.#codecs)
      : compileDecoder(this.columns, form);
    return this.#decoders[form];
  }

  /** The decoder of the first rows of a result: that of the first results may be a slow one. */
  decoderToBegin(form: RowForm): RowDecoder<unknown> {
    const known = this.#decoders[form];
    if (known !== undefined) return known;
    if (this.#begun === FEW_RESULTS || this.#boundFormats) return this.decoderOf(form);
    this.#begun += 1;
    return decoderToBegin(this.columns, form);
  }

  /**
   * The same statement with the codecs that hold now: itself if no codec has changed.
   *
   * @param keepsCodecs codecs that were set since are none of its changes
   */
  current(registry: CodecSource, keepsCodecs: boolean): Statement {
    const isSame = keepsCodecs
      ? this.typeChanges === registry.typeChanges
      : this.changes === registry.changes;
    if (!isSame) return this.recompiled(registry);
    this.epoch = registry.confirmedEpoch;
    return this;
  }

  /** The same statement on the server, of which this is known now. */
  describedAs(description: StatementDescription): Statement {
    return this.#with(this.#registry, description);
  }

  /** The same statement on the server, with the codecs that hold now. */
  recompiled(registry: CodecSource): Statement {
    return this.#with(registry, this.description);
  }

  #with(registry: CodecSource, description: StatementDescription): Statement {
    const { text, name } = this;
    const statement = new Statement(
      text,
      name,
      description,
      registry,
      this.#boundFormats,
      this.#codecs,
    );
    statement.scope = this.scope;
    statement.definitions = this.definitions;
    statement.leavesSurroundings = this.leavesSurroundings;
    return statement;
  }

  /**
   * The same statement on the server with the codecs of a call. What is known of statements is told by
   * this one: the other is for writing arguments and reading rows.
   */
  withCodecs(codecs: CallCodecs | undefined): Statement {
    return codecs === undefined ? this : this.#readBy(codecs);
  }

  #readBy(codecs: CallCodecs): Statement {
    if (this.#withCodecs === null || this.#withCodecs.#codecs !== codecs) {
      const { text, name, description } = this;
      const registry = this.#registry;
      const statement = new Statement(
        text,
        name,
        description,
        registry,
        this.#boundFormats,
        codecs,
      );
      this.#withCodecs = statement;
    }
    return this.#withCodecs;
  }

  /** The same text as the unnamed statement. */
  unnamed(registry: CodecSource): Statement {
    return new Statement(this.text, '', this.description, registry);
  }

  /**
   * The same as the unnamed statement whose columns may be more or fewer when it is executed: all
   * are asked for in one format.
   */
  withAnyColumns(registry: CodecSource): Statement {
    const { text, description, columns } = this;
    const format = columns.every(({ codec }) => codec.binary !== null) ? BINARY : TEXT;
    const fields =
      description.fields?.map((field): FieldDescription => ({ ...field, format })) ?? null;
    const any = { parameterOids: description.parameterOids, fields };
    return new Statement(text, '', any, registry, true);
  }

  /**
   * Whether the columns of a portal are those that the statement was described with.
   *
   * @param fromSameTables of those of another table with the same types this is not said
   */
  returns(fields: readonly FieldDescription[] | null, fromSameTables: boolean): boolean {
    const known = this.description.fields;
    if (known === null || fields === null) return known === fields;
    return (
      fields.length === known.length &&
      fields.every(({ name, typeOid, tableOid, columnNumber }, i) => {
        const field = known[i]!;
        if (name !== field.name || typeOid !== field.typeOid) return false;
        if (!fromSameTables) return true;
        return tableOid === field.tableOid && columnNumber === field.columnNumber;
      })
    );
  }

  get attributes(): Attribute[] {
    return (this.description.fields ?? []).map(({ name, tableOid, columnNumber }, i) => ({
      name,
      type: this.columns[i]!.codec.type,
      tableOid,
      columnNumber,
    }));
  }

  /** Writes Bind to a portal: the unnamed one, or `portal`. */
  writeBind(
    writer: MessageWriter,
    args: readonly unknown[],
    portal: string = '',
    place?: Place,
  ): void {
    writer.begin(Frontend.Bind);
    if (portal === '') {
      writer.bytes(this.#bindHead);
    } else {
      writer.cstring(portal);
      writer.cstring(this.name);
    }
    this.encoder.bind(writer, args, place);
    writer.bytes(this.#bindTail);
    writer.end();
  }

  /** Writes Parse for an unnamed statement: that is parsed anew for each execution. */
  writeParseIfUnnamed(writer: MessageWriter): void {
    if (this.name === '') writeParse(writer, '', this.text, this.description.parameterOids);
  }

  /** Writes Describe for the portal of an unnamed statement: its columns may have changed. */
  writeDescribeIfUnnamed(writer: MessageWriter, portal: string = ''): void {
    if (this.name === '') writeDescribe(writer, 'P', portal);
  }

  /** Writes Execute of the unnamed portal, to its end. */
  writeExecute(writer: MessageWriter): void {
    writer.bytes(EXECUTE_AND_SYNC, EXECUTE_AND_SYNC.length - HEADER_LENGTH);
  }

  /** Writes Execute of the unnamed portal, to its end, and Sync. */
  writeExecuteAndSync(writer: MessageWriter): void {
    writer.bytes(EXECUTE_AND_SYNC);
  }
}

/** The statement whose row has come. Rows of none, or of one that returns none, must not come. */
export function withRows(statement: Statement | null): Statement {
  if (statement === null || statement.description.fields === null) unexpected('DataRow');
  return statement;
}

/** @param own the OID of a domain that has a codec of its own in the registry */
function columnCodec(
  registry: CodecSource,
  codecs: CallCodecs | null,
  { typeOid }: FieldDescription,
  own: number | undefined,
  index: number,
): Codec {
  const ofCall = codecs?.columnCodec?.(typeOid, index);
  if (ofCall !== undefined) return ofCall;
  const oid = own ?? typeOid;
  return codecs?.codec(oid) ?? registry.codec(oid)!;
}

/** Execute of the unnamed portal, for all its rows, and Sync. */
const EXECUTE_AND_SYNC = /* @__PURE__ */ Buffer.from([
  Frontend.Execute,
  ...[0, 0, 0, 9, 0, 0, 0, 0, 0],
  Frontend.Sync,
  ...[0, 0, 0, 4],
]);

/** Bind's result formats where all columns have the same one, by that; of no columns. */
const UNIFORM: readonly Buffer[] = [
  /* @__PURE__ */ Buffer.from([0, 1, 0, TEXT]),
  /* @__PURE__ */ Buffer.from([0, 1, 0, BINARY]),
];
const NO_COLUMNS = /* @__PURE__ */ Buffer.from([0, 0]);

/** Bind's result formats: one for all columns where that says it. */
function resultFormats(columns: readonly Column[]): Buffer {
  const { length } = columns;
  if (length === 0) return NO_COLUMNS;
  const { format } = columns[0]!;
  if (columns.every((column) => column.format === format)) return UNIFORM[format]!;
  const bytes = Buffer.alloc(2 + 2 * length);
  bytes.writeUInt16BE(length);
  for (let i = 0; i < length; i++) bytes[3 + 2 * i] = columns[i]!.format;
  return bytes;
}
