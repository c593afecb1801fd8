import {
  context,
  metrics,
  ProxyTracerProvider,
  ROOT_CONTEXT,
  type TracerProvider,
  trace,
} from '@opentelemetry/api';
import { COMMENTS } from '../../client/calls/query-comment.ts';
import { OUTSIDE } from '../../client/calls/tracing.ts';
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
 * Called again for the same provider, it takes the place of what it has made before: nothing is told twice.
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
  const stopSpans = inPlace(SPANS, behind(tracerProvider), () => {
    const spans = new Spans(tracerProvider.getTracer(SCOPE), options);
    const unobserve = observe(spans);
    const commenter = (text: string): string | null => spans.comment(text);
    if (options.traceContext === true) COMMENTS.commenter = commenter;
    const outside = <R>(work: () => R): R => context.with(ROOT_CONTEXT, work);
    OUTSIDE.run = outside;
    return () => {
      if (COMMENTS.commenter === commenter) COMMENTS.commenter = null;
      if (OUTSIDE.run === outside) OUTSIDE.run = null;
      unobserve();
    };
  });
  const stopMetrics = inPlace(METERS, meterProvider, () => {
    const measured = new Metrics(meterProvider.getMeter(SCOPE));
    const unobserve = observe(measured);
    const unobserveReleases = observeReleases((message) => measured.released(message));
    return () => {
      unobserve();
      unobserveReleases();
      measured.stop();
    };
  });
  return () => {
    stopSpans();
    stopMetrics();
  };
}

/** What makes spans or measures for a provider, and how to end that: one of each, or all would be there twice. */
type Active = WeakMap<object, () => void>;

const SPANS: Active = new WeakMap();
const METERS: Active = new WeakMap();

/** Begins in place of what is active for the provider. What it returns ends it, unless another one has come since. */
function inPlace(active: Active, provider: object, begin: () => () => void): () => void {
  active.get(provider)?.();
  const end = begin();
  const stop = (): void => {
    if (active.get(provider) !== stop) return;
    active.delete(provider);
    end();
  };
  active.set(provider, stop);
  return stop;
}

/** The global provider is a stand-in for the one that was set: they are one. */
function behind(provider: TracerProvider): TracerProvider {
  const standIn = trace.getTracerProvider();
  const isBehind = standIn instanceof ProxyTracerProvider && standIn.getDelegate() === provider;
  return isBehind ? standIn : provider;
}
