const { utils } = require('./core.js');

module.exports = utils;
// One by one, for Node to find them: import { prepareValue } from 'pg/lib/utils.js'.
module.exports.prepareValue = utils.prepareValue;
module.exports.normalizeQueryConfig = utils.normalizeQueryConfig;
module.exports.escapeIdentifier = utils.escapeIdentifier;
module.exports.escapeLiteral = utils.escapeLiteral;
