import { ProtocolError } from '../errors/client-errors.ts';
import { Backend, describeMessageType } from './message-type.ts';

/** Before AuthenticationOk the peer is a stranger; afterwards it may send results. */
export type Phase = 'startup' | 'ready';

/** The longest message that is believed, PostgreSQL's own limit for one allocation. */
const MAX_RESULT_LENGTH = 0x3fffffff;
/** What libpq allows for every message that has no reason to be long. */
const MAX_SHORT_LENGTH = 30_000;
const MAX_AUTHENTICATION_LENGTH = 2_000;
/** BackendKeyData: pid and a key of at most 256 bytes (protocol 3.2). */
const MAX_KEY_LENGTH = 264;
/** A message without a body: the length word itself. */
const BARE_LENGTH = 4;
const READY_FOR_QUERY_LENGTH = 5;

/** The longest length of each type, by its byte; 0 for a type that may not come. */
const MAX_LENGTHS: Readonly<Record<Phase, Int32Array>> = {
  startup: new Int32Array(256),
  ready: new Int32Array(256),
};

function allow(phase: Phase, longest: number, types: readonly number[]): void {
  for (const type of types) MAX_LENGTHS[phase][type] = longest;
}

allow('startup', MAX_AUTHENTICATION_LENGTH, [Backend.Authentication]);
allow('startup', MAX_KEY_LENGTH, [Backend.BackendKeyData]);
allow('startup', MAX_SHORT_LENGTH, [
  Backend.ErrorResponse,
  Backend.NegotiateProtocolVersion,
  Backend.NoticeResponse,
  Backend.ParameterStatus,
  Backend.ReadyForQuery,
]);
allow('ready', MAX_RESULT_LENGTH, [
  Backend.RowDescription,
  Backend.ParameterDescription,
  Backend.DataRow,
  Backend.CopyData,
  Backend.ErrorResponse,
  Backend.NoticeResponse,
  Backend.NotificationResponse,
]);
allow('ready', MAX_SHORT_LENGTH, [
  Backend.CommandComplete,
  Backend.CopyBothResponse,
  Backend.CopyInResponse,
  Backend.CopyOutResponse,
  Backend.ParameterStatus,
]);
allow('ready', READY_FOR_QUERY_LENGTH, [Backend.ReadyForQuery]);
allow('ready', BARE_LENGTH, [
  Backend.BindComplete,
  Backend.CloseComplete,
  Backend.CopyDone,
  Backend.EmptyQueryResponse,
  Backend.NoData,
  Backend.ParseComplete,
  Backend.PortalSuspended,
]);

/**
 * Checks a message's type and declared length (its own four bytes included) before a single
 * byte of its body is waited for. The limits of messages with a body are libpq's.
 */
export function checkHeader(type: number, length: number, phase: Phase): void {
  const limit = MAX_LENGTHS[phase][type]!;
  if (limit === 0) {
    throw new ProtocolError(`unexpected message type ${describeMessageType(type)} from the server`);
  }
  if (length < BARE_LENGTH || length > limit) {
    throw new ProtocolError(
      `message ${describeMessageType(type)} from the server has the impossible length ${length}`,
    );
  }
}
