/** A request that cannot be answered as it was meant. Fastify sends all of it. */
export class ProblemError extends Error {
  override readonly name = 'ProblemError';
  readonly statusCode: number;
  readonly code: string;

  constructor(statusCode: number, code: string, message: string, options?: ErrorOptions) {
    super(message, options);
    this.statusCode = statusCode;
    this.code = code;
  }
}

/** What was found, or a 404. */
export function found<T>(what: string, value: T | null): T {
  if (value === null) throw new ProblemError(404, 'not_found', `There is no such ${what}.`);
  return value;
}
