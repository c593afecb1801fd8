/**
 * The keys under which the public classes keep what is for this package alone: a user of the
 * package has no name for it, neither in types nor in a REPL.
 */

/** Keeps others from extending Queryable; see there. */
export const SEALED: unique symbol = Symbol('sealed');
/** Makes an object of a class: the constructors are not for users. */
export const CREATE: unique symbol = Symbol('create');

/** Queryable: a session for one call, and its return. */
export const CHECK_OUT: unique symbol = Symbol('checkOut');
export const CHECK_IN: unique symbol = Symbol('checkIn');
/** Queryable: refuses a call whose text needs somebody who goes on in its session. */
export const REFUSE: unique symbol = Symbol('refuse');
/** Queryable: the transaction that it is. */
export const ASKED: unique symbol = Symbol('asked');
/** Queryable: whether it has other connections, should one be lost. */
export const HAS_OTHERS: unique symbol = Symbol('hasOthers');
/** Queryable: what its rows are made. */
export const STYLE: unique symbol = Symbol('style');
/** Queryable: all that a query comes to. */
export const RESULT: unique symbol = Symbol('result');
/** Queryable: all that each query of a batch comes to. */
export const RESULTS: unique symbol = Symbol('results');
/** A query: the codecs of this one call; only `RESULT` and `RESULTS` heed them. */
export const CODECS: unique symbol = Symbol('codecs');
/** Queryable: the deadline of one call. */
export const DEADLINE: unique symbol = Symbol('deadline');

/** Connection: its session, if the object may still use it. */
export const CLIENT: unique symbol = Symbol('client');
/** Connection: runs a function in a transaction. */
export const TRANSACT: unique symbol = Symbol('transact');
/** Connection: has the server forget a prepared statement. */
export const FORGET: unique symbol = Symbol('forget');

/** Transaction: how the runner ends one. */
export const COMMIT_NOW: unique symbol = Symbol('commitNow');
export const ROLL_BACK_QUIETLY: unique symbol = Symbol('rollBackQuietly');

/** Pool: opens its first connections. */
export const OPEN: unique symbol = Symbol('open');
/** Pool: a session that is chosen in another way than the first that is free. */
export const CHECK_OUT_BY: unique symbol = Symbol('checkOutBy');
/** Pool: what its connections have in common. */
export const CONTEXT: unique symbol = Symbol('context');
/** PoolConnection: makes one for a lease, which is then under the other key. */
export const LEND: unique symbol = Symbol('lend');
export const LEASE: unique symbol = Symbol('lease');
