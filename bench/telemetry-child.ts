// Small queries with OpenTelemetry as it is told: started by bench/telemetry.ts.
import { metrics, trace } from '@opentelemetry/api';
import {
  InMemoryMetricExporter,
  MeterProvider,
  PeriodicExportingMetricReader,
} from '@opentelemetry/sdk-metrics';
import {
  BasicTracerProvider,
  BatchSpanProcessor,
  InMemorySpanExporter,
} from '@opentelemetry/sdk-trace-base';
import { createPool } from 'asyncpg';
import { measure } from './orm/measure.ts';

const [, , mode = '', dsn = ''] = process.argv;

async function prepare(): Promise<void> {
  if (mode === 'not imported') return;
  const { instrument } = await import('asyncpg/opentelemetry');
  if (mode === 'imported') return;
  const exporter = new InMemorySpanExporter();
  const spanProcessors = [new BatchSpanProcessor(exporter)];
  trace.setGlobalTracerProvider(new BasicTracerProvider({ spanProcessors }));
  const reader = new PeriodicExportingMetricReader({
    exporter: new InMemoryMetricExporter(0),
    exportIntervalMillis: 60_000,
  });
  metrics.setGlobalMeterProvider(new MeterProvider({ readers: [reader] }));
  const stop = instrument();
  if (mode === 'stopped') stop();
  // Nobody reads the spans.
  else setInterval(() => exporter.reset(), 100).unref();
}

await prepare();
const pool = await createPool(dsn, { maxSize: 10, minSize: 0 });
const results = await measure({
  'select of 1 row, 20 at once': {
    times: 5000,
    atOnce: 20,
    work: (i) => pool.fetchRow('SELECT * FROM items WHERE id = $1', 1 + (i % 1000)),
  },
  'select of 1 row, one after the other': {
    times: 2000,
    atOnce: 1,
    work: (i) => pool.fetchRow('SELECT * FROM items WHERE id = $1', 1 + (i % 1000)),
  },
});
await pool.close();
console.log(JSON.stringify(results));
process.exit();
