// From their own files: whoever hooks into the loading of pg/lib/client.js waits for it to be loaded.
const { existsSync } = require('node:fs');
const core = require('./core.js');
const Client = require('./client.js');
const Pool = require('./pool.js');
const Query = require('./query.js');
const { Connection, Result, TypeOverrides, defaults, utils } = core;

// As pg does. Instrumentations wait for that to be loaded, and `@asyncpg/pg-pool` under its name is this pool.
// A bundle that is an ECMAScript module has no `__dirname`.
if (typeof __dirname === 'string' && existsSync(`${__dirname}/../../pg-pool/package.json`)) {
  try {
    require('pg-pool');
  } catch {
    // It cannot be loaded: whoever needs it is told so.
  }
}

module.exports = {
  defaults,
  Client,
  Query,
  Pool,
  _pools: [],
  Connection,
  types: core.types,
  DatabaseError: core.DatabaseError,
  TypeOverrides,
  escapeIdentifier: utils.escapeIdentifier,
  escapeLiteral: utils.escapeLiteral,
  Result,
  utils,
};

// There is no native client; what asks for it gets what it gets where pg-native is not installed.
Object.defineProperty(module.exports, 'native', { configurable: true, value: null });
