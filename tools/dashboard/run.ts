// Draws the pictures of docs/guides/observability.md: the panels of docs/grafana-dashboard.json by the
// dashboard's own queries, which a Prometheus answers of what the order service has measured in a minute
// and a half, and the trace of one order. `npm run docs:dashboard`; needs Debian's packages prometheus and
// chromium.
import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { context, SpanKind, trace } from '@opentelemetry/api';
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks';
import { AggregationTemporality, MeterProvider, MetricReader } from '@opentelemetry/sdk-metrics';
import {
  BasicTracerProvider,
  InMemorySpanExporter,
  SimpleSpanProcessor,
} from '@opentelemetry/sdk-trace-base';
import { instrument } from 'asyncpg/opentelemetry';
import { type App, buildApp } from '../../examples/order-service/app.ts';
import { TempCluster } from '../../src/cluster/index.ts';
import { launchChromium } from '../../test/support/chromium.ts';
import { root } from '../entries.ts';
import { exposition } from './exposition.ts';
import { drawPanel, linesOf, type Panel } from './panels.ts';
import { Prometheus } from './prometheus.ts';
import { drawTrace } from './trace.ts';
import { day } from './traffic.ts';

const DASHBOARD = path.join(root, 'docs/grafana-dashboard.json');
const IMAGES = path.join(root, 'docs/images');
const WIDTH = 1280;

const STYLE = `
  body { margin: 0; background: #111217; color: #ccccdc; font: 12px Inter, "DejaVu Sans", sans-serif; padding: 8px; }
  .grid { display: grid; grid-template-columns: repeat(24, 1fr); gap: 8px; }
  section { background: #181b1f; border: 1px solid #26282e; border-radius: 2px; padding: 6px 8px; min-width: 0; overflow: hidden; }
  h2 { font-size: 13px; font-weight: 500; margin: 0; } p { color: #8e8e9a; text-align: center; padding: 70px 0; margin: 0; }
  svg { display: block; width: 100%; height: auto; }
  table { width: 100%; border-collapse: collapse; font-size: 11px; } td, th { text-align: right; padding: 1px 4px; font-weight: 400; white-space: nowrap; }
  td:first-child { text-align: left; max-width: 260px; overflow: hidden; text-overflow: ellipsis; } th { color: #6e9fff; } .more { color: #8e8e9a; }
  i { display: inline-block; width: 12px; height: 3px; margin: 0 6px 3px 0; vertical-align: middle; }
  .span { display: grid; grid-template-columns: 330px 70px 1fr; align-items: center; border-bottom: 1px solid #26282e; height: 36px; }
  .name small { color: #8e8e9a; margin-left: 8px; } .time { text-align: right; padding-right: 10px; color: #8e8e9a; }
  .track { min-width: 0; } b { display: block; height: 9px; border-radius: 2px; background: #5794f2; } b.k1 { background: #73bf69; } b.k0 { background: #b877d9; }
  em { display: block; font: 10px "DejaVu Sans Mono", monospace; color: #8e8e9a; white-space: nowrap; overflow: hidden; text-overflow: ellipsis; margin-top: 2px; }`;

/** Asked for its metrics, and pushing none. */
class Reader extends MetricReader {
  protected override async onForceFlush(): Promise<void> {}
  protected override async onShutdown(): Promise<void> {}
}

async function main(): Promise<void> {
  context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
  const reader = new Reader({
    aggregationTemporalitySelector: () => AggregationTemporality.CUMULATIVE,
  });
  const exporter = new InMemorySpanExporter();
  const tracerProvider = new BasicTracerProvider({
    spanProcessors: [new SimpleSpanProcessor(exporter)],
  });
  const stop = instrument({
    meterProvider: new MeterProvider({ readers: [reader] }),
    tracerProvider,
  });
  await using cluster = await TempCluster.start({ settings: { fsync: false } });
  const app = await buildApp(cluster.dsn);
  try {
    await drawOneTrace(app, tracerProvider, exporter);
    await using prometheus = await Prometheus.start(async () =>
      exposition((await reader.collect()).resourceMetrics),
    );
    const start = Date.now() / 1000;
    await day(app);
    await drawDashboard(prometheus, start + 8, Date.now() / 1000);
  } finally {
    stop();
    await app.close();
  }
}

async function drawDashboard(prometheus: Prometheus, start: number, end: number): Promise<void> {
  const { panels } = JSON.parse(readFileSync(DASHBOARD, 'utf8')) as { panels: readonly Panel[] };
  const drawn: string[] = [];
  for (const panel of panels) {
    const lines = [];
    for (const { expr, legendFormat } of panel.targets) {
      const query = expr
        .replaceAll(/"\$(namespace|pool)"/g, '".*"')
        .replaceAll('$__rate_interval', '6s');
      lines.push(...linesOf(legendFormat, await prometheus.range(query, start, end)));
    }
    const width = Math.round((WIDTH / 24) * panel.gridPos.w) - 30;
    drawn.push(drawPanel(panel, lines, width, start * 1000, end * 1000));
  }
  await picture('dashboard.jpg', `<div class="grid">${drawn.join('')}</div>`);
}

/** Of an order, inside of the span that a web framework's instrumentation would make. */
async function drawOneTrace(
  app: App,
  provider: BasicTracerProvider,
  exporter: InMemorySpanExporter,
): Promise<void> {
  const tracer = provider.getTracer('http');
  const order = (n: number) =>
    tracer.startActiveSpan('POST /api/orders', { kind: SpanKind.SERVER }, async (span) => {
      const lines = [{ productId: 2, quantity: n }];
      await app.inject({ method: 'POST', url: '/api/orders', payload: { userId: 1, lines } });
      span.end();
      return trace.getSpan(trace.setSpan(context.active(), span))!.spanContext().traceId;
    });
  for (let i = 0; i < 3; i++) await order(1);
  const id = await order(2);
  const spans = exporter.getFinishedSpans().filter((span) => span.spanContext().traceId === id);
  await picture('trace.png', `<section>${drawTrace(spans)}</section>`);
  exporter.reset();
}

/** The charts are large as a PNG. */
function formatOf(name: string): { type: 'jpeg'; quality: number } | { type: 'png' } {
  return name.endsWith('.jpg') ? { type: 'jpeg', quality: 82 } : { type: 'png' };
}

async function picture(name: string, body: string): Promise<void> {
  const browser = await launchChromium();
  try {
    const page = await browser.newPage({ viewport: { width: WIDTH, height: 100 } });
    await page.setContent(`<!doctype html><style>${STYLE}</style>${body}`);
    writeFileSync(
      path.join(IMAGES, name),
      await page.screenshot({ fullPage: true, ...formatOf(name) }),
    );
  } finally {
    await browser.close();
  }
}

await main();
