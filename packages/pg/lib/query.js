module.exports = require('./core.js').Query;
