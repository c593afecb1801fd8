import type { MeterProvider, Span, TracerProvider } from '@opentelemetry/api';
import { checkOptions } from '../check-options.ts';

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

/** @throws ClientConfigurationError for an option that there is not, or of another type */
export function checkInstrumentOptions(options: InstrumentOptions): void {
  checkOptions('instrument', options, {
    tracerProvider: 'object',
    meterProvider: 'object',
    requireParentSpan: 'boolean',
    captureQueryText: 'boolean',
    traceContext: 'boolean',
    onSpanStart: 'function',
    onSpanEnd: 'function',
  });
}
