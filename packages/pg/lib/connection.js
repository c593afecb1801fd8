module.exports = require('./core.js').Connection;
