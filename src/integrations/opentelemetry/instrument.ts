import { metrics, trace } from '@opentelemetry/api';
import { COMMENTS } from '../../client/query-comment.ts';
import { Metrics } from './metrics.ts';
import { observe, observeReleases } from './observer.ts';
import { checkInstrumentOptions, type InstrumentOptions } from './options.ts';
import { Spans } from './spans.ts';

/** The instrumentation scope. */
const SCOPE = 'asyncpg';

/**
 * Makes spans and metrics of everything that the driver does in this process, by OpenTelemetry's
 * conventions for databases. No values, and no messages of errors, which may quote them, are in any.
 *
 * @returns takes it back: from then on the driver is not observed, and calls under way have no end
 * @throws ClientConfigurationError for unknown options
 * @example
 * const stop = instrument();
 * await pool.fetch('SELECT * FROM users WHERE id = $1', id); // → a span "SELECT users"
 * stop();
 */
export function instrument(options: InstrumentOptions = {}): () => void {
  checkInstrumentOptions(options);
  const { tracerProvider = trace.getTracerProvider() } = options;
  const { meterProvider = metrics.getMeterProvider() } = options;
  const measured = new Metrics(meterProvider.getMeter(SCOPE));
  const spans = new Spans(tracerProvider.getTracer(SCOPE), options);
  const unobserve = observe([spans, measured]);
  const commenter = (text: string): string | null => spans.comment(text);
  if (options.traceContext === true) COMMENTS.commenter = commenter;
  const unobserveReleases = observeReleases((message) => measured.released(message));
  return () => {
    if (COMMENTS.commenter === commenter) COMMENTS.commenter = null;
    unobserve();
    unobserveReleases();
    measured.stop();
  };
}
