import type { MeterProvider, Span, TracerProvider } from '@opentelemetry/api';
import { ClientConfigurationError } from '../../errors/client-errors.ts';

/** What a span is about. */
export type SpanKindName = 'query' | 'prepare' | 'copy' | 'transaction' | 'connect' | 'acquire';

/** What the hooks are told of a call. Never its values. */
export interface TracedCall {
  /** What the call is. */
  readonly kind: SpanKindName;
  /** The text as the program has given it, constants and all; null for what has none. */
  readonly query: string | null;
  /** What the call was rejected with; undefined before its end, or without a failure. */
  readonly error: unknown;
}

/** Options of `instrument`. */
export interface InstrumentOptions {
  /** Where spans go: by default to the provider that is registered globally. */
  readonly tracerProvider?: TracerProvider | undefined;
  /** Where metrics go: by default to the provider that is registered globally. */
  readonly meterProvider?: MeterProvider | undefined;
  /** Spans for what is done inside of another span alone. False by default. */
  readonly requireParentSpan?: boolean | undefined;
  /**
   * Spans have `db.query.text`: the query's text with `?` in place of every constant and without comments.
   * True by default.
   */
  readonly captureQueryText?: boolean | undefined;
  /**
   * The span of a query is told to the server, by W3C's `traceparent` in a comment behind its text: it is in
   * the server's log and in `pg_stat_activity`. Texts differ each time then and are prepared anew, which
   * costs a round trip. Prepared statements, cursors and COPY have none. False by default.
   */
  readonly traceContext?: boolean | undefined;
  /** Is called with each span when it has been started, to add attributes of your own. */
  readonly onSpanStart?: ((span: Span, call: TracedCall) => void) | undefined;
  /** Is called with each span before it ends. */
  readonly onSpanEnd?: ((span: Span, call: TracedCall) => void) | undefined;
}

const OPTIONS: Readonly<Record<keyof InstrumentOptions, string>> = {
  tracerProvider: 'object',
  meterProvider: 'object',
  requireParentSpan: 'boolean',
  captureQueryText: 'boolean',
  traceContext: 'boolean',
  onSpanStart: 'function',
  onSpanEnd: 'function',
};

/** @throws ClientConfigurationError for an option that there is not, or of another type */
export function checkInstrumentOptions(options: InstrumentOptions): void {
  if (typeof options !== 'object' || options === null) {
    throw new ClientConfigurationError('the options of instrument() must be an object');
  }
  for (const [name, value] of Object.entries(options)) {
    const type = OPTIONS[name as keyof InstrumentOptions] as string | undefined;
    if (type === undefined) throw new ClientConfigurationError(`unknown option ${name}`);
    if (value !== undefined && (value === null || typeof value !== type)) {
      throw new ClientConfigurationError(`option ${name}: expected a value of type ${type}`);
    }
  }
}
