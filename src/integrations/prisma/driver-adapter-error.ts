import type { MappedError } from './driver-adapter.ts';

/** A failure in Prisma's words, with the server's beside them if it is one of the server's. */
export interface AdapterFailure {
  /** Prisma's name for it, such as `UniqueConstraintViolation`; further members are as Prisma has them. */
  readonly kind: string;
  /** The SQLSTATE. */
  readonly originalCode?: string;
  /** What the server has said. */
  readonly originalMessage?: string;
}

/**
 * What Prisma's client takes for a failure of its database: it knows it by the name. It is in `meta` of the
 * errors that the client makes of it, as `driverAdapterError`.
 */
export class DriverAdapterError extends Error {
  /** By this Prisma's client knows it. */
  override readonly name = 'DriverAdapterError';
  /** What has failed, in Prisma's words. */
  override readonly cause: AdapterFailure;
  /** The driver's own error, with all that the server has told. */
  declare readonly driverError: unknown;

  /** @internal */
  constructor(failure: MappedError & Partial<AdapterFailure>, driverError?: unknown) {
    super('message' in failure ? failure.message : failure.kind);
    this.cause = failure;
    // Not shown beside the cause, which says the same.
    Object.defineProperty(this, 'driverError', { value: driverError });
  }
}
