// Of `pg`, which is an alias of @asyncpg/pg: one class for all, whoever watches or changes it.
const Core = require('pg/lib/pg-pool.js');
const { connect } = Core.prototype;

// Instrumentations that write into the text of a module look in this file for this class and this method.
class Pool {
  connect(callback) {
    return connect.call(this, callback);
  }
}

Object.defineProperty(
  Core.prototype,
  'connect',
  Object.getOwnPropertyDescriptor(Pool.prototype, 'connect'),
);

// At each pool, as pg-pool does it: instrumentations wait for `pg` to be asked for.
Core.prototype._ownClient = () => require('pg').Client;

module.exports = Core;
