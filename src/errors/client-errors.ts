/**
 * Errors that the client itself raises. What the server says is a `PostgresError`
 * (postgres-error.ts); everything here was decided on this side of the wire.
 */
import { messageText } from './message-text.ts';
import { named } from './named.ts';

/** What every client-side error may be given besides its message. */
export interface ClientErrorOptions {
  /** More about what was wrong. */
  detail?: string;
  /** What to do about it. */
  hint?: string;
  /** The error underneath, e.g. the system's. */
  cause?: unknown;
  /** Nothing of the failed call can have been executed by the server. */
  safeToRetry?: boolean;
  /** The whole transaction is worth running again. */
  isTransient?: boolean;
}

function causeOf(options: ClientErrorOptions | undefined): ErrorOptions | undefined {
  return options !== undefined && 'cause' in options ? { cause: options.cause } : undefined;
}

/** What the two families below have in common. */
abstract class ClientError extends Error {
  /** More about what was wrong; the message has it as well. */
  readonly detail: string | null;
  /** What to do about it; the message has it as well. */
  readonly hint: string | null;
  /** Nothing of this call can have been executed by the server. */
  readonly safeToRetry: boolean;
  /** The whole transaction is worth running again. */
  readonly isTransient: boolean;

  constructor(message: string, options?: ClientErrorOptions) {
    super(messageText(message, options), causeOf(options));
    this.detail = options?.detail ?? null;
    this.hint = options?.hint ?? null;
    this.safeToRetry = options?.safeToRetry ?? false;
    this.isTransient = options?.isTransient ?? false;
  }
}

/** The API was used in a way that it does not allow. The connection stays usable. */
export class InterfaceError extends ClientError {
  static {
    named(this, 'InterfaceError');
  }
}

/**
 * `fetchOne` found no row. Not to be confused with `NoDataFoundError`, the server's P0002 of
 * PL/pgSQL's `SELECT … INTO STRICT`. What the statement did it has done.
 */
export class NoRowFoundError extends InterfaceError {
  static {
    named(this, 'NoRowFoundError');
  }
}

/**
 * `fetchOne` found more than one row. Not to be confused with `TooManyRowsError`, the server's P0003.
 * What the statement did it has done.
 */
export class MultipleRowsFoundError extends InterfaceError {
  static {
    named(this, 'MultipleRowsFoundError');
  }
}

/** A connect or pool option, an environment variable or a DSN part is wrong. */
export class ClientConfigurationError extends InterfaceError {
  static {
    named(this, 'ClientConfigurationError');
  }
  constructor(message: string, options?: ClientErrorOptions) {
    super(message, { safeToRetry: true, ...options });
  }
}

/** A value cannot be encoded for its PostgreSQL type. Nothing was sent. */
export class InvalidArgumentError extends InterfaceError {
  static {
    named(this, 'InvalidArgumentError');
  }
  constructor(message: string, options?: ClientErrorOptions) {
    super(message, { safeToRetry: true, ...options });
  }
}

/** The server asked for something that this client does not do. */
export class UnsupportedClientFeatureError extends InterfaceError {
  static {
    named(this, 'UnsupportedClientFeatureError');
  }
}

/** The call needs something that this server does not have. */
export class UnsupportedServerFeatureError extends InterfaceError {
  static {
    named(this, 'UnsupportedServerFeatureError');
  }
}

/** Something went wrong between client and server that no caller could have avoided. */
export class InternalClientError extends ClientError {
  static {
    named(this, 'InternalClientError');
  }
}

/** The server broke the wire protocol. The connection is gone. */
export class ProtocolError extends InternalClientError {
  static {
    named(this, 'ProtocolError');
  }
}

/** A value that the server sent cannot be decoded as its type. The connection stays usable. */
export class DecodeError extends InternalClientError {
  static {
    named(this, 'DecodeError');
  }
}

/**
 * None of the hosts has the role that `targetSessionAttrs` asks for. That passes, as a failover does: a
 * standby is promoted.
 */
export class TargetServerAttributeNotMatched extends InternalClientError {
  static {
    named(this, 'TargetServerAttributeNotMatched');
  }
  constructor(message: string, options?: ClientErrorOptions) {
    super(message, { safeToRetry: true, isTransient: true, ...options });
  }
}

/**
 * What was known of a table or a type is no longer so on the server, or rows that are handed on as
 * they come brought up a type that was not known. The next call is right.
 */
export class OutdatedSchemaCacheError extends InternalClientError {
  static {
    named(this, 'OutdatedSchemaCacheError');
  }
}

/** A time-out given with the call, the connection or the pool has passed. */
export class TimeoutError extends Error {
  static {
    named(this, 'TimeoutError');
  }
  /** Nothing of this call can have been executed by the server. */
  readonly safeToRetry: boolean;
  /** The whole transaction is worth running again. */
  readonly isTransient: boolean;

  constructor(message: string, options?: ClientErrorOptions) {
    super(messageText(message, options), causeOf(options));
    this.safeToRetry = options?.safeToRetry ?? false;
    this.isTransient = options?.isTransient ?? true;
  }
}
