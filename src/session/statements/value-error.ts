import { MissingTypesError } from '../../codecs/codec-source.ts';
import {
  DecodeError,
  InterfaceError,
  OutdatedSchemaCacheError,
} from '../../errors/client-errors.ts';
import type { RequestHost } from '../request.ts';

/** Whether only a value is at fault, not the protocol: then the session goes on. */
export function isValueError(error: unknown): boolean {
  return (
    error instanceof DecodeError ||
    error instanceof InterfaceError ||
    error instanceof OutdatedSchemaCacheError ||
    error instanceof MissingTypesError
  );
}

/**
 * What a call is rejected with that hands its rows on as they come: those before cannot be taken
 * back, so what is not known of a type, or known wrongly, is asked for with the next call. Throws
 * what is not a value's fault.
 */
export function valueErrorOf({ registry }: RequestHost, error: unknown): unknown {
  if (!isValueError(error)) throw error;
  if (error instanceof MissingTypesError) {
    registry.want(error.oids);
    return new OutdatedSchemaCacheError('a record has fields of types that were not known yet', {
      hint: 'They are asked for with the next call, which is right. Cast the record to a composite type to have them known before.',
      cause: error,
      isTransient: true,
    });
  }
  if (error instanceof OutdatedSchemaCacheError) registry.forget();
  return error;
}

/** The same for a call that the server has carried out: whoever rejects it cannot undo that. */
export function afterExecution(error: unknown): unknown {
  if (!(error instanceof DecodeError)) return error;
  return new DecodeError(error.message, {
    detail: 'The server has carried it out all the same.',
    hint: 'In a transaction it can be rolled back.',
    cause: error.cause,
  });
}
