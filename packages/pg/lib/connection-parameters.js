module.exports = require('./core.js').ConnectionParameters;
