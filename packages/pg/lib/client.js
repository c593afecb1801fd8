const { Client: Core } = require('./core.js');
const { query, connect } = Core.prototype;

// Instrumentations that write into the text of a module, as Sentry's does, look in this file for this class and these
// methods: they are those of the client.
class Client {
  query(config, values, callback) {
    return query.call(this, config, values, callback);
  }

  connect(callback) {
    return connect.call(this, callback);
  }
}

for (const name of ['query', 'connect']) {
  const method = Object.getOwnPropertyDescriptor(Client.prototype, name);
  Object.defineProperty(Core.prototype, name, method);
}

module.exports = Core;
