/**
 * In place of a value that a change stream was not sent, since it is stored out of line and has not
 * changed. JSON.stringify leaves it out, a template string throws, and no query takes it as an
 * argument.
 *
 * @example
 * for await (const change of transaction)
 *   if (change.kind === 'update' && change.new.body !== UNCHANGED) await index(change.new.body);
 */
export const UNCHANGED: unique symbol = Symbol('asyncpg.UNCHANGED');
