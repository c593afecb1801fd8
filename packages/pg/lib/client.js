module.exports = require('./core.js').Client;
