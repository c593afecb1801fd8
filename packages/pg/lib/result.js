module.exports = require('./core.js').Result;
