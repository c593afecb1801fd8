import type { ServerFields } from './server-fields.ts';

/** What the server objects to. */
// biome-ignore lint/suspicious/noUnsafeDeclarationMerging: its fields are assigned by `readFields`
export class DatabaseError extends Error {
  /** Of the server's message, in bytes. */
  declare length: number;

  constructor(message: string, length: number, name: string) {
    super(message);
    this.length = length;
    this.name = name;
  }
}
export interface DatabaseError extends ServerFields {}

/** What the server remarks. */
// biome-ignore lint/suspicious/noUnsafeDeclarationMerging: its fields are assigned by `readFields`
export class NoticeMessage {
  length: number;
  message: string | undefined;
  readonly name = 'notice';

  constructor(length: number, message: string | undefined) {
    this.length = length;
    this.message = message;
  }
}
export interface NoticeMessage extends ServerFields {}

/** Between the type byte and the body. */
const LENGTH_SIZE = 4;

/** The error of an ErrorResponse, whose body is `buffer[start, end)`. */
export function databaseErrorFrom(buffer: Buffer, start: number, end: number): DatabaseError {
  const fields = fieldsOf(buffer, start, end);
  const length = end - start + LENGTH_SIZE;
  return assign(new DatabaseError(fields['M'] ?? '', length, 'error'), fields);
}

/** The notice of a NoticeResponse. */
export function noticeFrom(buffer: Buffer, start: number, end: number): NoticeMessage {
  const fields = fieldsOf(buffer, start, end);
  return assign(new NoticeMessage(end - start + LENGTH_SIZE, fields['M']), fields);
}

/** The fields by their codes. */
type Fields = Readonly<Record<string, string | undefined>>;

function fieldsOf(buffer: Buffer, start: number, end: number): Fields {
  const fields: Record<string, string> = {};
  for (let at = start; at < end && buffer[at] !== 0; ) {
    const code = String.fromCharCode(buffer[at]!);
    const stop = buffer.indexOf(0, at + 1);
    if (stop < 0 || stop >= end) break;
    fields[code] = buffer.toString('utf8', at + 1, stop);
    at = stop + 1;
  }
  return fields;
}

/** All fields are own properties, in this order, absent ones undefined. */
function assign<T extends ServerFields>(message: T, fields: Fields): T {
  message.severity = fields['S'];
  message.code = fields['C'];
  message.detail = fields['D'];
  message.hint = fields['H'];
  message.position = fields['P'];
  message.internalPosition = fields['p'];
  message.internalQuery = fields['q'];
  message.where = fields['W'];
  message.schema = fields['s'];
  message.table = fields['t'];
  message.column = fields['c'];
  message.dataType = fields['d'];
  message.constraint = fields['n'];
  message.file = fields['F'];
  message.line = fields['L'];
  message.routine = fields['R'];
  return message;
}
