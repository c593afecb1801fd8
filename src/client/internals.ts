/**
 * The keys under which the public classes keep what is for this package alone: a user of the
 * package has no name for it, neither in types nor in a REPL.
 */

/** A session for one call of a Queryable, and its return. */
export const CHECK_OUT = Symbol('checkOut');
export const CHECK_IN = Symbol('checkIn');
/** The deadline of one call of a Queryable. */
export const DEADLINE = Symbol('deadline');
