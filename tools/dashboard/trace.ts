import { type HrTime, SpanKind } from '@opentelemetry/api';
import type { ReadableSpan } from '@opentelemetry/sdk-trace-base';

const micros = ([seconds, nanos]: HrTime): number => seconds * 1e6 + nanos / 1e3;
const escapeHtml = (text: string): string => text.replaceAll('&', '&amp;').replaceAll('<', '&lt;');

/** Attributes that a picture has room for. */
const SHOWN = ['db.query.text', 'db.operation.batch.size', 'error.type'];

/** The spans of one trace as a waterfall, in HTML: each below the one that it is part of. */
export function drawTrace(spans: readonly ReadableSpan[]): string {
  const root = spans.find(({ parentSpanContext }) => parentSpanContext === undefined)!;
  const start = micros(root.startTime);
  const total = micros(root.duration);
  const rows: string[] = [];
  const add = (span: ReadableSpan, depth: number): void => {
    const left = ((micros(span.startTime) - start) / total) * 100;
    const width = Math.max((micros(span.duration) / total) * 100, 0.4);
    const text = SHOWN.flatMap((key) => {
      const value = span.attributes[key];
      return value === undefined ? [] : [String(value).replaceAll(/\s+/g, ' ').trim()];
    }).join(' · ');
    rows.push(`<div class="span">
      <div class="name" style="padding-left:${depth * 18}px">${escapeHtml(span.name)}<small>${SpanKind[span.kind]?.toLowerCase()}</small></div>
      <div class="time">${(micros(span.duration) / 1000).toFixed(2)} ms</div>
      <div class="track"><b class="k${span.kind}" style="margin-left:${left}%;width:${width}%"></b><em>${escapeHtml(text)}</em></div>
    </div>`);
    const id = span.spanContext().spanId;
    const children = spans.filter(({ parentSpanContext }) => parentSpanContext?.spanId === id);
    children.sort((a, b) => micros(a.startTime) - micros(b.startTime));
    for (const child of children) add(child, depth + 1);
  };
  add(root, 0);
  return rows.join('');
}
