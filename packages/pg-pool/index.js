// Of `pg`, which is an alias of @asyncpg/pg: one class for all, whoever watches or changes it.
module.exports = require('pg/lib/pg-pool.js');
