module.exports = require('./core.js').utils;
