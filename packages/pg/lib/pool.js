module.exports = require('./core.js').Pool;
