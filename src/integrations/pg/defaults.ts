import { types } from './global-types.ts';

/** What holds where neither options nor the environment say anything; may be changed. */
export interface DefaultValues {
  [name: string]: any;
  host: string;
  user: string | undefined;
  database: string | undefined;
  password: string | null;
  connectionString: string | undefined;
  port: number;
  /** Rows to ask for at a time; 0: all. */
  rows: number;
  binary: boolean;
  /** Connections of a pool, and milliseconds: pools have their own defaults, as in pg. */
  max: number;
  idleTimeoutMillis: number;
  client_encoding: string;
  ssl: any;
  sslnegotiation: 'postgres' | 'direct' | undefined;
  application_name: string | undefined;
  fallback_application_name: string | undefined;
  options: string | undefined;
  /** Dates are sent as UTC, not with the offset of the local time. */
  parseInputDatesAsUTC: boolean;
  /** Milliseconds, like those that follow; false: no limit. */
  statement_timeout: number | false;
  lock_timeout: number | false;
  idle_in_transaction_session_timeout: number | false;
  query_timeout: number | false;
  /** Seconds; 0: no limit. */
  connect_timeout: number;
  keepalives: number;
  keepalives_idle: number;
  /** Statements are kept prepared. Of little use behind a pooler that does not keep them itself. */
  prepare: boolean;
  /** Write only: whether `int8` is read as a number, which loses digits above 2^53. */
  parseInt8?: boolean;
}

const parseInt8 = types.getTypeParser(20, 'text');
const parseInt8Array = types.getTypeParser(1016, 'text');

/** The defaults of all clients and pools made from now on. */
export const defaults: DefaultValues = {
  host: 'localhost',
  user: process.platform === 'win32' ? process.env['USERNAME'] : process.env['USER'],
  database: undefined,
  password: null,
  connectionString: undefined,
  port: 5432,
  rows: 0,
  binary: false,
  max: 10,
  idleTimeoutMillis: 30_000,
  client_encoding: '',
  ssl: false,
  sslnegotiation: undefined,
  application_name: undefined,
  fallback_application_name: undefined,
  options: undefined,
  parseInputDatesAsUTC: false,
  statement_timeout: false,
  lock_timeout: false,
  idle_in_transaction_session_timeout: false,
  query_timeout: false,
  connect_timeout: 0,
  keepalives: 1,
  keepalives_idle: 0,
  prepare: false,
  set parseInt8(asNumber: boolean) {
    types.setTypeParser(20, 'text', asNumber ? types.getTypeParser(23, 'text') : parseInt8);
    types.setTypeParser(
      1016,
      'text',
      asNumber ? types.getTypeParser(1007, 'text') : parseInt8Array,
    );
  },
};
