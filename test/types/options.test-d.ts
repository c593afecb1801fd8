/** What the compiler takes for options and codecs. Checked by `npm run check:types`. */
import { Temporal } from 'temporal-polyfill';
import { expectTypeOf } from 'vitest';
import type {
  RestartOptions,
  StandbyOptions,
  TempClusterOptions,
} from '../../src/cluster/index.ts';
import {
  type BitStringIntegerOptions,
  type BuiltinTypeCodec,
  type CallOptions,
  type Connection,
  type ConnectOptions,
  type CopyCommon,
  type CopyFormat,
  connect,
  createPool,
  type IntervalFields,
  type Pool,
  type PoolConnection,
  type PoolOptions,
  patroniHosts,
  type RangeOptions,
  type TemporalNamespace,
  type TransactionOptions,
  type TypeCodec,
  type TypeOptions,
} from '../../src/index.ts';

// A DSN, options, or both.
expectTypeOf(connect).toBeCallableWith('postgres://');
expectTypeOf(connect).toBeCallableWith({ host: 'a' });
expectTypeOf(connect('postgres://', { port: 5432 })).toEqualTypeOf<Promise<Connection>>();
expectTypeOf(createPool()).toEqualTypeOf<Promise<Pool>>();
expectTypeOf(createPool({ readers: { maxLag: 500, minSize: 0 } })).toEqualTypeOf<Promise<Pool>>();
expectTypeOf(createPool({ rows: 'array', readers: {} })).toEqualTypeOf<Promise<Pool<'array'>>>();
expectTypeOf<Pool<'object'>['readers']>().toEqualTypeOf<Pool<'object'>>();
expectTypeOf<ReturnType<Pool['lsn']>>().toEqualTypeOf<Promise<string>>();
// @ts-expect-error readers have rows as their pool has them
void createPool({ readers: { rows: 'array' } });
// @ts-expect-error there is one level of readers
void createPool({ readers: { readers: {} } });
void createPool({ hosts: ['a:5', { host: 'b', port: 5, role: 'standby' }] });
void createPool({ hostProvider: { list: async () => [{ host: 'a' }, 'b:6'] } });
void createPool({ hostProvider: patroniHosts('http://a', { timeoutMs: 5 }) });
// @ts-expect-error a role is the primary's or a standby's
void createPool({ hosts: [{ host: 'a', role: 'leader' }] });
// @ts-expect-error unknown options are refused
void connect({ hots: 'a' });
// @ts-expect-error a pool's options are none of a connection's
void connect({ maxSize: 3 });

expectTypeOf<PoolOptions>().toExtend<ConnectOptions>();
expectTypeOf<{
  minSize: 0;
  maxSize: 3;
  pipelining: 0;
  acquireTimeout: 5;
  init: (c: Connection) => Promise<void>;
  setup: (c: Connection) => void;
}>().toExtend<PoolOptions>();
expectTypeOf<{ minSize: '1' }>().not.toExtend<PoolOptions>();
expectTypeOf<PoolConnection>().toExtend<Connection>();

// A password may be a function; lists of hosts, ports.
expectTypeOf<{
  password: () => Promise<string>;
  host: string[];
  port: number[];
}>().toExtend<ConnectOptions>();

// Types: the choices there are, and a polyfill of Temporal.
expectTypeOf<{
  int8: 'number';
  numeric: 'number';
  datetime: 'string';
  json: 'text';
}>().toExtend<TypeOptions>();
expectTypeOf<{ int8: 'float' }>().not.toExtend<TypeOptions>();
expectTypeOf<{ datetime: 'Date' }>().not.toExtend<TypeOptions>();
expectTypeOf(Temporal).toExtend<TemporalNamespace>();
void createPool({ types: { datetime: 'temporal', temporal: Temporal } });

// Codecs: functions, or a name; parameters may have the types that the user knows.
const codec = {
  schema: 'app',
  format: 'tuple',
  encoder: (value: URL) => [value.href],
  decoder: ([href]: [string]) => new URL(href),
} as const;
expectTypeOf(codec).toExtend<TypeCodec>();
expectTypeOf<{ decoder: (text: string) => Date }>().toExtend<TypeCodec>();
expectTypeOf<{ format: 'json' }>().not.toExtend<TypeCodec>();
expectTypeOf<{ codecName: string }>().toExtend<BuiltinTypeCodec>();
void connect({ codecs: { url: codec, hstore: { codecName: 'pg_contrib.hstore' } } });
// @ts-expect-error neither functions nor a name
void connect({ codecs: { url: 'text' } });

// What may be left out may be undefined, under exactOptionalPropertyTypes as well.
type AllUndefined<T> = { [K in keyof T]: undefined };
expectTypeOf<AllUndefined<TempClusterOptions>>().toExtend<TempClusterOptions>();
expectTypeOf<AllUndefined<RestartOptions>>().toExtend<RestartOptions>();
expectTypeOf<AllUndefined<StandbyOptions>>().toExtend<StandbyOptions>();
expectTypeOf<AllUndefined<RangeOptions>>().toExtend<RangeOptions>();
expectTypeOf<AllUndefined<IntervalFields>>().toExtend<IntervalFields>();
expectTypeOf<AllUndefined<BitStringIntegerOptions>>().toExtend<BitStringIntegerOptions>();
expectTypeOf<AllUndefined<ConnectOptions>>().toExtend<ConnectOptions>();
expectTypeOf<AllUndefined<PoolOptions>>().toExtend<PoolOptions>();
expectTypeOf<AllUndefined<CopyFormat>>().toExtend<CopyFormat>();
expectTypeOf<AllUndefined<CopyCommon>>().toExtend<CopyCommon>();
expectTypeOf<AllUndefined<TransactionOptions>>().toExtend<TransactionOptions>();
expectTypeOf<AllUndefined<CallOptions>>().toExtend<CallOptions>();
