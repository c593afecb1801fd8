import { ProtocolError } from '../errors/client-errors.ts';
import { describeMessageType } from '../protocol/message-type.ts';

/** The server sent what it must not send now. */
export function unexpected(what: string): never {
  throw new ProtocolError(`the server sent an unexpected ${what}`);
}

/** The server sent a message that must not come now. `where`: in answer to what. */
export function unexpectedMessage(type: number, where: string = ''): never {
  const place = where === '' ? '' : ` ${where}`;
  unexpected(`message ${describeMessageType(type)}${place}`);
}
