import {
  type Attributes,
  type Context,
  context,
  isSpanContextValid,
  type Span,
  SpanKind,
  SpanStatusCode,
  type Tracer,
  trace,
} from '@opentelemetry/api';
import type { Traced } from '../../client/calls/tracing.ts';
import { callUser } from '../../client/calls/user-callback.ts';
import { failureOf, nameOf, operationOf, placeOf, textOf } from './attributes.ts';
import type { Message } from './messages.ts';
import type { Observer } from './observer.ts';
import type { InstrumentOptions, SpanKindName } from './options.ts';

const KINDS: Readonly<Record<Traced, SpanKindName>> = {
  query: 'query',
  prepare: 'prepare',
  copy: 'copy',
  transaction: 'transaction',
  connect: 'connect',
  'pool.acquire': 'acquire',
};

/** What else has a span is named by what it is. */
const NAMES = { transaction: 'TRANSACTION', connect: 'CONNECT', acquire: 'ACQUIRE' } as const;

/** Makes a span of each message. */
export class Spans implements Observer {
  readonly #tracer: Tracer;
  readonly #options: InstrumentOptions;
  readonly #open = new WeakMap<Message, Span>();
  /** The span of a call whose text has been sent, and which is traced right after that. */
  #early: { readonly text: string; readonly span: Span } | null = null;

  constructor(tracer: Tracer, options: InstrumentOptions) {
    this.#tracer = tracer;
    this.#options = options;
  }

  start(traced: Traced, message: Message): void {
    const { requireParentSpan = false, onSpanStart } = this.#options;
    const parent = context.active();
    if (requireParentSpan && trace.getSpan(parent) === undefined) return;
    const kind = KINDS[traced];
    const attributes = this.#attributes(kind, message);
    const name = nameOfSpan(kind, attributes);
    const early = this.#takeEarly(message);
    early?.updateName(name).setAttributes(attributes);
    const span = early ?? this.#begin(name, attributes, parent);
    this.#open.set(message, span);
    // What is done inside of these has them as its parent; a query is on its way already.
    if (kind === 'transaction' || kind === 'connect' || kind === 'acquire') {
      const inside = trace.setSpan(parent, span);
      const outer = message.run;
      const run: Message['run'] = (work) =>
        context.with(inside, outer === undefined ? work : () => outer(work));
      message.run = run;
    }
    if (onSpanStart !== undefined) {
      const call = { kind, query: message.query ?? null, error: undefined };
      callUser('onSpanStart', () => onSpanStart(span, call));
    }
  }

  end(traced: Traced, message: Message): void {
    const span = this.#open.get(message);
    if (span === undefined) return;
    this.#open.delete(message);
    const { error } = message;
    const { onSpanEnd } = this.#options;
    if ('error' in message) {
      span.setAttributes(failureOf(error));
      span.setStatus({ code: SpanStatusCode.ERROR, message: nameOf(error) });
    }
    if (onSpanEnd !== undefined) {
      const call = { kind: KINDS[traced], query: message.query ?? null, error };
      callUser('onSpanEnd', () => onSpanEnd(span, call));
    }
    span.end();
  }

  #begin(name: string, attributes: Attributes, parent: Context): Span {
    return this.#tracer.startSpan(name, { kind: SpanKind.CLIENT, attributes }, parent);
  }

  /** Begins the span of a call before its text is sent, and makes the comment that tells of it. */
  comment(text: string): string | null {
    const parent = context.active();
    this.#early?.span.end();
    this.#early = null;
    if (this.#options.requireParentSpan === true && trace.getSpan(parent) === undefined)
      return null;
    const attributes = this.#attributes('query', { query: text });
    const span = this.#begin(nameOfSpan('query', attributes), attributes, parent);
    this.#early = { text, span };
    const spanContext = span.spanContext();
    if (!isSpanContextValid(spanContext)) return null;
    const { traceId, spanId, traceFlags } = spanContext;
    const flags = traceFlags.toString(16).padStart(2, '0');
    return `/*traceparent='00-${traceId}-${spanId}-${flags}'*/`;
  }

  #takeEarly({ query }: Message): Span | null {
    if (this.#early === null || this.#early.text !== query) return null;
    const { span } = this.#early;
    this.#early = null;
    return span;
  }

  #attributes(kind: SpanKindName, message: Message): Attributes {
    const place = placeOf(message);
    if (kind !== 'query' && kind !== 'prepare' && kind !== 'copy') return place;
    const attributes = { ...place, ...operationOf(kind, message) };
    const text = this.#options.captureQueryText === false ? null : textOf(message);
    if (text !== null) attributes['db.query.text'] = text;
    return attributes;
  }
}

/** The summary, else the operation and the database. */
function nameOfSpan(kind: SpanKindName, attributes: Attributes): string {
  const summary = attributes['db.query.summary'];
  if (summary !== undefined) return summary as string;
  const operation =
    kind === 'transaction' || kind === 'connect' || kind === 'acquire'
      ? NAMES[kind]
      : attributes['db.operation.name'];
  const namespace = attributes['db.namespace'];
  return [operation, namespace].filter((part) => part !== undefined).join(' ') || 'postgresql';
}
