import { EventEmitter } from 'node:events';
import { nextTick } from '../../transport/turn.ts';
import type { Connection } from './connection.ts';
import { Result } from './result.ts';
import type { ParserSource } from './type-overrides.ts';
import { normalizeQueryConfig, prepareValue } from './utils.ts';

/** What is called when a query is over. */
export type QueryCallback = (error: any, result?: any) => void;

/** What a submittable may be told; node-postgres calls these methods as messages come. */
export interface SubmittableHandlers {
  callback?: QueryCallback | undefined;
  handleRowDescription?(message: any): void;
  handleDataRow?(message: any): void;
  handlePortalSuspended?(connection: Connection): void;
  handleEmptyQuery?(connection: Connection): void;
  handleCommandComplete?(message: any, connection: Connection): void;
  handleCopyInResponse?(connection: Connection): void;
  handleCopyData?(message: any, connection: Connection): void;
  handleReadyForQuery?(connection: Connection): void;
  handleError?(error: any, connection: Connection): void;
}

/**
 * A query as an object: it emits `row` for each row if there is a listener, `end` with the result, and
 * `error`. With a callback all goes to that instead.
 */
export class Query extends EventEmitter implements SubmittableHandlers {
  text: string;
  values: any;
  /** How many rows are asked for at a time; 0: all. */
  rows: number;
  types: ParserSource | undefined;
  /** Of the prepared statement; undefined: unnamed. */
  name: string | undefined;
  /** `extended`: the extended protocol even without values. */
  queryMode: string | undefined;
  binary: boolean | undefined;
  portal: string;
  /** Looked up when the query is over, and may be set anew until then. */
  callback: QueryCallback | undefined;
  _rowMode: string | undefined;
  _result: Result;
  /** The result, or those of several statements. */
  _results: Result | Result[];
  /** What a parser threw: the query fails with it when it is over. */
  _canceledDueToError: unknown = false;
  _accumulateRows: unknown;

  constructor(config?: any, values?: any, callback?: any) {
    super();
    const given = normalizeQueryConfig(config, values, callback);
    this.text = given.text;
    this.values = given.values;
    this.rows = given.rows;
    this.types = given.types;
    this.name = given.name;
    this.queryMode = given.queryMode;
    this.binary = given.binary;
    this.portal = given.portal || '';
    const { callback: own } = given;
    // Of the module `domain`, which few still use.
    const { domain } = process as { domain?: { bind(callback: QueryCallback): QueryCallback } };
    this.callback = domain && own ? domain.bind(own) : own;
    this._rowMode = given.rowMode;
    this._result = new Result(this._rowMode, this.types);
    this._results = this._result;
  }

  /** Whether it needs the extended protocol. */
  requiresPreparation(): boolean {
    if (this.queryMode === 'extended' || this.name || this.rows) return true;
    return Boolean(this.text && this.values) && this.values.length > 0;
  }

  /** Of a text of several statements each has a result of its own. */
  _checkForMultirow(): void {
    if (!this._result.command) return;
    if (!Array.isArray(this._results)) this._results = [this._result];
    this._result = new Result(this._rowMode, this._result._types);
    this._results.push(this._result);
  }

  /** Why it cannot be sent; null if it can. */
  _refusal(connection: Connection): Error | null {
    const { text, name, values } = this;
    if (typeof text !== 'string' && (typeof name !== 'string' || name === '')) {
      return new Error(
        'A query must have either text or a name. Supplying neither is unsupported.',
      );
    }
    if (typeof (text ?? '') !== 'string' || typeof (name || '') !== 'string') {
      return new TypeError('The text and the name of a query must be strings');
    }
    if (name) {
      const previous =
        connection.parsedStatements[name] || connection.submittedNamedStatements[name];
      if (text && previous && text !== previous) {
        return new Error(
          `Prepared statements must be unique - '${name}' was used for a different statement`,
        );
      }
    }
    if (values && !Array.isArray(values)) return new Error('Query values must be an array');
    return null;
  }

  hasBeenParsed(connection: Connection): boolean {
    const { name } = this;
    if (!name) return false;
    return (
      connection.parsedStatements[name] !== undefined ||
      connection.submittedNamedStatements[name] !== undefined
    );
  }

  handleError(error: any, _connection?: Connection): void {
    const cause = this._canceledDueToError || error;
    this._canceledDueToError = false;
    if (this.callback) this.callback(cause);
    else this.emit('error', cause);
  }

  handleReadyForQuery(connection?: Connection): void {
    if (this._canceledDueToError) {
      this.handleError(this._canceledDueToError, connection);
      return;
    }
    if (this.callback) {
      try {
        this.callback(null, this._results);
      } catch (error) {
        nextTick(() => {
          throw error;
        });
      }
    }
    this.emit('end', this._results);
  }

  // ── As a submittable ────────────────────────────────────────────────────────────────────
  // A Client of this library sends its own queries by a shorter way. Another one, or a class
  // that overrides a method, has them sent message by message.

  submit(connection: Connection): Error | null {
    const refusal = this._refusal(connection);
    if (refusal !== null) return refusal;
    if (this.requiresPreparation()) this.prepare(connection);
    else connection.query(this.text);
    return null;
  }

  prepare(connection: Connection): void {
    const { name } = this;
    if (!this.hasBeenParsed(connection)) {
      connection.parse({ text: this.text, name: name ?? '', types: this.types });
      if (name) connection.submittedNamedStatements[name] = this.text;
    }
    try {
      connection.bind({
        portal: this.portal,
        statement: name,
        values: this.values,
        binary: this.binary,
        valueMapper: prepareValue,
      });
    } catch (error) {
      connection.close({ type: 'S', name: name ?? '' });
      connection.sync();
      this.handleError(error, connection);
      return;
    }
    connection.describe({ type: 'P', name: this.portal });
    this._getRows(connection, this.rows);
  }

  _getRows(connection: Connection, rows: number): void {
    connection.execute({ portal: this.portal, rows });
    if (rows) connection.flush();
    else connection.sync();
  }

  handleRowDescription(message: any): void {
    this._checkForMultirow();
    this._result.addFields(message.fields);
    this._accumulateRows = this.callback || this.listenerCount('row') === 0;
  }

  handleDataRow(message: any): void {
    if (this._canceledDueToError) return;
    let row: unknown;
    try {
      row = this._result.parseRow(message.fields);
    } catch (error) {
      this._canceledDueToError = error;
      return;
    }
    this.emit('row', row, this._result);
    if (this._accumulateRows) this._result.addRow(row);
  }

  handleCommandComplete(message: any, connection: Connection): void {
    this._checkForMultirow();
    this._result.addCommandComplete(message);
    if (this.rows) connection.sync();
  }

  handleEmptyQuery(connection: Connection): void {
    if (this.rows) connection.sync();
  }

  handlePortalSuspended(connection: Connection): void {
    this._getRows(connection, this.rows);
  }

  handleCopyInResponse(connection: Connection): void {
    connection.sendCopyFail('No source stream defined');
  }

  handleCopyData(): void {}
}
