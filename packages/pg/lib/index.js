// Each from its own file: whoever hooks into the loading of pg/lib/client.js waits for it to be loaded.
const { existsSync } = require('node:fs');
const core = require('./core.js');
const Client = require('./client.js');
const Connection = require('./connection.js');
const defaults = require('./defaults.js');
const Pool = require('./pool.js');
const Query = require('./query.js');
const Result = require('./result.js');
const TypeOverrides = require('./type-overrides.js');
const utils = require('./utils.js');

// As pg does. Instrumentations wait for that to be loaded, and `@asyncpg/pg-pool` under its name is this pool.
if (existsSync(`${__dirname}/../../pg-pool/package.json`)) {
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
