import {
  type Attributes,
  context,
  type Span,
  SpanKind,
  SpanStatusCode,
  type Tracer,
  trace,
} from '@opentelemetry/api';
import type { Traced } from '../../client/tracing.ts';
import { callUser } from '../../client/user-callback.ts';
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
    const span = this.#tracer.startSpan(name, { kind: SpanKind.CLIENT, attributes }, parent);
    this.#open.set(message, span);
    // What is done inside of these has them as its parent; a query is on its way already.
    if (kind === 'transaction' || kind === 'connect' || kind === 'acquire') {
      const inside = trace.setSpan(parent, span);
      const outer = message.run;
      message.run = (work) => context.with(inside, outer === undefined ? work : () => outer(work));
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
