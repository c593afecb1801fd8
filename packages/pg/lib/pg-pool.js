// The pool without a client of its own, which is the class that `pg-pool` exports.
module.exports = Object.getPrototypeOf(require('./core.js').Pool);
