import { channel } from 'node:diagnostics_channel';
import { trace } from '@opentelemetry/api';
import {
  BasicTracerProvider,
  InMemorySpanExporter,
  SimpleSpanProcessor,
} from '@opentelemetry/sdk-trace-base';
import { type InstrumentOptions, instrument } from 'asyncpg/opentelemetry';
import { describe, expect, it, onTestFinished } from 'vitest';
import { ClientConfigurationError } from '../../../../src/index.ts';
import { open } from '../../../support/connections.ts';
import { measured, names, traced, useContexts } from './telemetry.ts';

useContexts();

const CHANNELS = ['query', 'connect', 'prepare', 'transaction', 'copy', 'pool.acquire'];

describe('instrument', () => {
  it('takes back what it has done', async () => {
    const hasSubscribers = () =>
      CHANNELS.flatMap((name) =>
        ['start', 'end', 'asyncStart', 'asyncEnd', 'error'].map(
          (event) => channel(`tracing:asyncpg:${name}:${event}`).hasSubscribers,
        ),
      );
    const c = await open();
    const first = traced();
    const second = traced();
    await c.fetch('SELECT 1');
    expect([names(first.take()), names(second.take())]).toEqual([['SELECT'], ['SELECT']]);
    first.stop();
    await c.fetch('SELECT 1');
    expect([names(first.take()), names(second.take())]).toEqual([[], ['SELECT']]);
    expect(hasSubscribers()).not.toContain(false);
    second.stop();
    second.stop();
    await c.fetch('SELECT 1');
    expect(second.take()).toEqual([]);
    expect(hasSubscribers()).not.toContain(true);
  });

  it('called again for a provider takes the place of the first call, with its own options', async () => {
    const c = await open();
    const exporter = new InMemorySpanExporter();
    const tracerProvider = new BasicTracerProvider({
      spanProcessors: [new SimpleSpanProcessor(exporter)],
    });
    const { meterProvider, points } = measured();
    const counted = async (): Promise<unknown> =>
      (await points('db.client.operation.duration'))
        .filter(({ attributes }) => attributes['db.query.summary'] === 'SELECT')
        .reduce((sum, { value }) => sum + value.count, 0);
    const first = instrument({ tracerProvider, meterProvider });
    const second = instrument({ tracerProvider, meterProvider, traceContext: true });
    onTestFinished(second);
    await c.fetch('SELECT 1');
    expect(names(exporter.getFinishedSpans())).toEqual(['SELECT']);
    expect(await counted()).toBe(1);
    // The first has nothing to take back any more.
    first();
    expect(await c.fetchVal('SELECT current_query()')).toMatch(/traceparent=/);
    expect(await counted()).toBe(2);
    // For spans alone, or for another provider.
    const others = instrument({ meterProvider });
    await c.fetch('SELECT 1');
    expect(exporter.getFinishedSpans()).toHaveLength(3);
    expect(await counted()).toBe(3);
    others();
    second();
    await c.fetch('SELECT 1');
    expect(exporter.getFinishedSpans()).toHaveLength(3);
    expect(await counted()).toBe(3);
  });

  it.each([5, 'x', null])('refuses %j in place of its options', (options) => {
    expect(() => instrument(options as never)).toThrow(ClientConfigurationError);
  });

  it('takes the global provider and what stands behind it for one', async () => {
    const exporter = new InMemorySpanExporter();
    const spanProcessors = [new SimpleSpanProcessor(exporter)];
    const tracerProvider = new BasicTracerProvider({ spanProcessors });
    const c = await open();
    onTestFinished(instrument());
    trace.setGlobalTracerProvider(tracerProvider);
    onTestFinished(() => trace.disable());
    onTestFinished(instrument({ tracerProvider }));
    onTestFinished(instrument());
    await c.fetch('SELECT 1');
    expect(names(exporter.getFinishedSpans())).toEqual(['SELECT']);
  });

  it('takes the global provider by default', async () => {
    const exporter = new InMemorySpanExporter();
    const spanProcessors = [new SimpleSpanProcessor(exporter)];
    const c = await open();
    const stop = instrument();
    onTestFinished(stop);
    trace.setGlobalTracerProvider(new BasicTracerProvider({ spanProcessors }));
    onTestFinished(() => trace.disable());
    await c.fetch('SELECT 1');
    expect(names(exporter.getFinishedSpans())).toEqual(['SELECT']);
  });

  it.each([
    [{ tracer: {} }, 'unknown option "tracer"'],
    [{ constructor: Object }, 'unknown option "constructor"'],
    [{ traceContext: 1 }, 'the option "traceContext" must be of type boolean'],
    [{ requireParentSpan: 'yes' }, 'the option "requireParentSpan" must be of type boolean'],
    [{ onSpanEnd: null }, 'the option "onSpanEnd" must be of type function'],
  ])('refuses %o', (options, message) => {
    const call = () => instrument(options as InstrumentOptions);
    expect(call).toThrow(ClientConfigurationError);
    expect(call).toThrow(`instrument: ${message}`);
  });
});
