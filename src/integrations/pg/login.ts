import { type ConnectSettings, passwordFromFile } from './connect-config.ts';

/** Of a client, what says how it logs in. What is found out for it is kept there, as users may look. */
interface LoggingIn {
  host: any;
  port: any;
  user: any;
  database: any;
  password: any;
  ssl: any;
  sslNegotiation: string;
  enableChannelBinding: boolean;
  scramMaxIterations: number;
  connectionParameters: any;
  /** The mechanism of SASL, while it authenticates. */
  saslSession: { mechanism: string } | null;
  _connectionTimeoutMillis: number;
  getStartupConf(): Record<string, any>;
}

/** What a client is connected with. `config`: what it was made with. */
export function connectSettings(client: LoggingIn, config: any): ConnectSettings {
  const { host, port, user, database } = client;
  const parameters = new Map<string, string>();
  for (const [name, value] of Object.entries(client.getStartupConf())) {
    parameters.set(name, textOf(value));
  }
  parameters.set('client_encoding', 'UTF8');
  return {
    host: host ?? 'localhost',
    port: Number(port),
    user: textOf(user),
    database: textOf(database),
    ssl: client.ssl,
    sslNegotiation: client.sslNegotiation,
    enableChannelBinding: client.enableChannelBinding,
    scramMaxIterations: client.scramMaxIterations,
    keepAlive: Boolean(config.keepAlive),
    keepAliveInitialDelayMillis: Number(config.keepAliveInitialDelayMillis) || 0,
    connectionTimeoutMillis: client._connectionTimeoutMillis,
    queryTimeoutMillis: Number(client.connectionParameters.query_timeout) || 0,
    stream: config.stream,
    startupParameters: parameters,
    password: () => passwordOf(client),
  };
}

/** What nobody has told is empty on the wire, and the server says what it misses. */
function textOf(value: unknown): string {
  return value === undefined || value === null ? '' : String(value);
}

const TIMEOUTS = ['statement_timeout', 'lock_timeout', 'idle_in_transaction_session_timeout'];

/** What the server is told at start-up, besides the encoding. */
export function startupParameters(parameters: any): Record<string, any> {
  const conf: Record<string, any> = { user: parameters.user, database: parameters.database };
  const name = parameters.application_name || parameters.fallback_application_name;
  if (name) conf['application_name'] = name;
  if (parameters.replication) conf['replication'] = `${parameters.replication}`;
  for (const setting of TIMEOUTS) {
    const value = parameters[setting];
    if (value) conf[setting] = String(Number.parseInt(value, 10));
  }
  if (parameters.options) conf['options'] = parameters.options;
  return conf;
}

/** Why a server's first message of SCRAM is refused, or null. */
export function iterationsRefusal(message: string, most: number): Error | null {
  const count = Number(/,i=(\d+)$/.exec(message)?.[1]);
  if (most === 0 || !(count > most)) return null;
  return new Error(
    `SASL: SCRAM-SERVER-FIRST-MESSAGE: iteration count ${count} exceeds scramMaxIterations of ${most}`,
  );
}

async function passwordOf(client: LoggingIn): Promise<string> {
  let { password } = client;
  if (typeof password === 'function') {
    password = await client.password(client.connectionParameters);
    if (password === undefined) password = null;
    else if (typeof password !== 'string') throw new TypeError('Password must be a string');
    client.connectionParameters.password = client.password = password;
  } else if (password === null || password === undefined) {
    const { host, port, user, database } = client;
    password = await passwordFromFile({ host, port, user, database });
    if (password !== null) client.connectionParameters.password = client.password = password;
  }
  if (client.saslSession !== null && (typeof password !== 'string' || password === '')) {
    const wanted = password === '' ? 'a non-empty string' : 'a string';
    throw new Error(`SASL: SCRAM-SERVER-FIRST-MESSAGE: client password must be ${wanted}`);
  }
  return textOf(password);
}
