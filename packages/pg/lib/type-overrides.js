module.exports = require('./core.js').TypeOverrides;
