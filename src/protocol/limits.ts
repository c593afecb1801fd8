import { ProtocolError } from '../errors/client-errors.ts';
import { Backend } from './message-type.ts';

/** Before AuthenticationOk the peer is a stranger; afterwards it may send results. */
export type Phase = 'startup' | 'ready';

/** The longest message that is believed, PostgreSQL's own limit for one allocation. */
const MAX_RESULT_LENGTH = 0x3fffffff;
/** What libpq allows for every message that has no reason to be long. */
const MAX_SHORT_LENGTH = 30_000;
const MAX_AUTHENTICATION_LENGTH = 2_000;
/** BackendKeyData: pid and a key of at most 256 bytes (protocol 3.2). */
const MAX_KEY_LENGTH = 264;

const STARTUP_TYPES: ReadonlySet<number> = new Set([
  Backend.Authentication,
  Backend.BackendKeyData,
  Backend.ErrorResponse,
  Backend.NegotiateProtocolVersion,
  Backend.NoticeResponse,
  Backend.ParameterStatus,
  Backend.ReadyForQuery,
]);
const READY_TYPES: ReadonlySet<number> = new Set(
  Object.values(Backend).filter(
    (type) =>
      type !== Backend.Authentication &&
      type !== Backend.BackendKeyData &&
      type !== Backend.NegotiateProtocolVersion,
  ),
);
const LONG_TYPES: ReadonlySet<number> = new Set([
  Backend.RowDescription,
  Backend.ParameterDescription,
  Backend.DataRow,
  Backend.CopyData,
  Backend.ErrorResponse,
  Backend.NoticeResponse,
  Backend.NotificationResponse,
]);

/**
 * Checks a message's type and declared length (its own four bytes included) before a single
 * byte of its body is waited for. The limits are libpq's.
 */
export function checkHeader(type: number, length: number, phase: Phase): void {
  const known = phase === 'startup' ? STARTUP_TYPES : READY_TYPES;
  if (!known.has(type)) {
    throw new ProtocolError(`unexpected message type ${describeType(type)} from the server`);
  }
  let limit: number;
  if (phase === 'startup') {
    if (type === Backend.Authentication) limit = MAX_AUTHENTICATION_LENGTH;
    else limit = type === Backend.BackendKeyData ? MAX_KEY_LENGTH : MAX_SHORT_LENGTH;
  } else {
    limit = LONG_TYPES.has(type) ? MAX_RESULT_LENGTH : MAX_SHORT_LENGTH;
  }
  if (length < 4 || length > limit) {
    throw new ProtocolError(
      `message ${describeType(type)} from the server has the impossible length ${length}`,
    );
  }
}

function describeType(type: number): string {
  return type > 0x20 && type < 0x7f
    ? `'${String.fromCharCode(type)}'`
    : `0x${type.toString(16).padStart(2, '0')}`;
}
