import { context } from '@opentelemetry/api';
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks';
import {
  AggregationTemporality,
  InMemoryMetricExporter,
  MeterProvider,
  PeriodicExportingMetricReader,
} from '@opentelemetry/sdk-metrics';
import {
  BasicTracerProvider,
  InMemorySpanExporter,
  type ReadableSpan,
  SimpleSpanProcessor,
} from '@opentelemetry/sdk-trace-base';
import { type InstrumentOptions, instrument } from 'asyncpg/opentelemetry';
import { afterAll, beforeAll, expect, onTestFinished } from 'vitest';

/** Lets OpenTelemetry know what is called inside of what, for the tests of a file. */
export function useContexts(): void {
  beforeAll(() => {
    context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
  });
  afterAll(() => context.disable());
}

/** Spans of everything, from here to the end of the test. */
export function traced(options: InstrumentOptions = {}) {
  const exporter = new InMemorySpanExporter();
  const tracerProvider = new BasicTracerProvider({
    spanProcessors: [new SimpleSpanProcessor(exporter)],
  });
  const stop = instrument({ tracerProvider, ...options });
  onTestFinished(stop);
  return {
    stop,
    tracer: tracerProvider.getTracer('test'),
    /** Those that have ended since this was last asked. */
    take(): ReadableSpan[] {
      const spans = exporter.getFinishedSpans();
      exporter.reset();
      return spans;
    },
  };
}

export const names = (spans: readonly ReadableSpan[]): string[] => spans.map(({ name }) => name);

/** Metrics of everything, from here to the end of the test. */
export function measured() {
  const exporter = new InMemoryMetricExporter(AggregationTemporality.CUMULATIVE);
  const reader = new PeriodicExportingMetricReader({
    exporter,
    exportIntervalMillis: 3_600_000,
    exportTimeoutMillis: 60_000,
  });
  const meterProvider = new MeterProvider({ readers: [reader] });
  const stop = instrument({ meterProvider });
  onTestFinished(async () => {
    stop();
    await meterProvider.shutdown();
  });
  return {
    stop,
    meterProvider,
    /** The points of a metric now, each with its attributes. */
    async points(name: string) {
      exporter.reset();
      await reader.forceFlush();
      const all = exporter.getMetrics().flatMap(({ scopeMetrics }) => scopeMetrics);
      const found = all.flatMap(({ metrics }) => metrics).filter((m) => m.descriptor.name === name);
      expect(found.length).toBeLessThanOrEqual(1);
      return (found[0]?.dataPoints ?? []) as unknown as Point[];
    },
  };
}

interface Point {
  readonly attributes: Record<string, unknown>;
  /** A number, or of a histogram `count`, `sum` and `buckets`. */
  readonly value: any;
}
