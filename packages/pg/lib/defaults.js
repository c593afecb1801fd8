module.exports = require('./core.js').defaults;
