import { type ParsedConnectionString, parseConnectionString } from './connection-string.ts';
import { defaults } from './defaults.ts';

/**
 * Everything that a client is connected with, of its options, its connection string, the environment
 * and the defaults: the string before the options, as in node-postgres. What is empty is as good as
 * not given.
 *
 * @throws Error if `sslnegotiation` is unknown or needs TLS
 */
export class ConnectionParameters {
  declare user: string | undefined;
  declare database: string | undefined;
  declare port: number;
  declare host: string;
  /** Not enumerable, so that printing does not show it. */
  declare password: any;
  declare binary: any;
  declare options: string | undefined;
  /** What `tls.connect` takes; true: its defaults; false: no TLS. */
  declare ssl: any;
  declare sslnegotiation: 'postgres' | 'direct' | undefined;
  declare client_encoding: any;
  declare replication: any;
  declare isDomainSocket: boolean;
  declare application_name: string | undefined;
  declare fallback_application_name: string | undefined;
  /** Milliseconds; false: no limit. */
  declare statement_timeout: any;
  declare lock_timeout: any;
  declare idle_in_transaction_session_timeout: any;
  declare query_timeout: any;
  /** Seconds. */
  declare connect_timeout: any;
  declare keepalives?: number;
  declare keepalives_idle?: number;

  constructor(given?: string | ParsedConnectionString | null) {
    let config = typeof given === 'string' ? parseConnectionString(given) : (given ?? {});
    if (config['connectionString']) {
      config = { ...config, ...parseConnectionString(config['connectionString']) };
    }
    this.user = setting('user', config, 'PGUSER');
    this.database = setting('database', config, 'PGDATABASE');
    if (this.database === undefined) this.database = this.user;
    this.port = Number.parseInt(setting('port', config, 'PGPORT'), 10);
    this.host = setting('host', config, 'PGHOST');
    Object.defineProperty(this, 'password', {
      configurable: true,
      enumerable: false,
      writable: true,
      value: setting('password', config, 'PGPASSWORD'),
    });
    this.binary = setting('binary', config, 'PGBINARY');
    this.options = setting('options', config, 'PGOPTIONS');
    this.ssl = sslOf(config['ssl']);
    this.sslnegotiation = setting('sslnegotiation', config, 'PGSSLNEGOTIATION');
    checkNegotiation(this.sslnegotiation, this.ssl);
    this.client_encoding = setting('client_encoding', config, 'PGCLIENT_ENCODING');
    this.replication = setting('replication', config, 'PGREPLICATION');
    this.isDomainSocket = (this.host || '').startsWith('/');
    this.application_name = setting('application_name', config, 'PGAPPNAME');
    this.fallback_application_name = setting('fallback_application_name', config);
    this.statement_timeout = setting('statement_timeout', config);
    this.lock_timeout = setting('lock_timeout', config);
    this.idle_in_transaction_session_timeout = setting(
      'idle_in_transaction_session_timeout',
      config,
    );
    this.query_timeout = setting('query_timeout', config);
    const { connectionTimeoutMillis, keepAlive, keepAliveInitialDelayMillis } = config;
    this.connect_timeout =
      connectionTimeoutMillis === undefined
        ? process.env['PGCONNECT_TIMEOUT'] || 0
        : Math.floor(connectionTimeoutMillis / 1000);
    if (typeof keepAlive === 'boolean') this.keepalives = keepAlive ? 1 : 0;
    if (typeof keepAliveInitialDelayMillis === 'number') {
      this.keepalives_idle = Math.floor(keepAliveInitialDelayMillis / 1000);
    }
  }

  /**
   * The same as keywords and values for libpq. It looks the host up itself, so no `hostaddr` is among
   * them.
   */
  getLibpqConnectionString<T>(callback: (error: Error | null, text: string | null) => T): T {
    const ssl = typeof this.ssl === 'object' ? this.ssl : this.ssl ? { sslmode: this.ssl } : {};
    const pairs: [string, unknown][] = [
      ['user', this.user],
      ['password', this.password],
      ['port', this.port],
      ['application_name', this.application_name],
      ['fallback_application_name', this.fallback_application_name],
      ['connect_timeout', this.connect_timeout],
      ['options', this.options],
      ['sslmode', ssl?.sslmode],
      ['sslca', ssl?.sslca],
      ['sslkey', ssl?.sslkey],
      ['sslcert', ssl?.sslcert],
      ['sslrootcert', ssl?.sslrootcert],
      ['sslnegotiation', this.sslnegotiation],
      ['dbname', this.database || null],
      ['replication', this.replication || null],
      ['host', this.host || null],
      ['client_encoding', this.isDomainSocket ? null : this.client_encoding || null],
    ];
    const texts: string[] = [];
    for (const [name, value] of pairs) {
      if (value === undefined || value === null) continue;
      texts.push(`${name}='${String(value).replace(/[\\']/g, '\\$&')}'`);
    }
    return callback(null, texts.join(' '));
  }
}

/** Of the options, the environment, if there is a variable for it, and the defaults, the first. */
function setting(name: string, config: ParsedConnectionString, variable?: string): any {
  return config[name] || (variable === undefined ? false : process.env[variable]) || defaults[name];
}

function sslOf(given: any): any {
  let ssl = given === undefined ? sslOfEnvironment() : given;
  if (ssl === 'true') ssl = true;
  if (ssl === 'no-verify') ssl = { rejectUnauthorized: false };
  // Whoever prints the client shall not see the key.
  if (ssl?.key) Object.defineProperty(ssl, 'key', { enumerable: false });
  return ssl;
}

function sslOfEnvironment(): any {
  switch (process.env['PGSSLMODE']) {
    case 'disable':
      return false;
    case 'prefer':
    case 'require':
    case 'verify-ca':
    case 'verify-full':
      return true;
    case 'no-verify':
      return { rejectUnauthorized: false };
    default:
      return defaults.ssl;
  }
}

function checkNegotiation(negotiation: unknown, ssl: unknown): void {
  if (negotiation !== undefined && negotiation !== 'postgres' && negotiation !== 'direct') {
    throw new Error(
      `Invalid sslnegotiation value: "${negotiation}". Valid values are "postgres" and "direct".`,
    );
  }
  if (negotiation === 'direct' && !ssl) {
    throw new Error('sslnegotiation=direct requires SSL to be enabled');
  }
}
