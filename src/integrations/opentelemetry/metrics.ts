import type {
  Attributes,
  BatchObservableResult,
  Histogram,
  Meter,
  Observable,
} from '@opentelemetry/api';
import type { Traced } from '../../client/calls/tracing.ts';
import { TimeoutError } from '../../errors/client-errors.ts';
import { openPools } from '../../pool/open-pools.ts';
import { openStreams } from '../../pool/open-streams.ts';
import { systemClock } from '../../transport/clock.ts';
import { failureOf, operationOf, placeOf, poolOf } from './attributes.ts';
import type { Message } from './messages.ts';
import type { Observer } from './observer.ts';

/** Seconds, as the conventions advise. */
const BUCKETS = [0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1, 5, 10];

/** Measures calls, and what becomes of connections. */
export class Metrics implements Observer {
  readonly #began = new WeakMap<Message, number>();
  readonly #operation: Histogram;
  readonly #create: Histogram;
  readonly #wait: Histogram;
  readonly #use: Histogram;
  readonly #timeouts: ReturnType<Meter['createCounter']>;
  readonly #unobserve: () => void;

  constructor(meter: Meter) {
    const histogram = (name: string, description: string): Histogram =>
      meter.createHistogram(`db.client.${name}`, {
        description,
        unit: 's',
        advice: { explicitBucketBoundaries: BUCKETS },
      });
    this.#operation = histogram('operation.duration', 'Duration of database client operations.');
    this.#create = histogram('connection.create_time', 'The time it took to open a connection.');
    this.#wait = histogram('connection.wait_time', 'The time it took to obtain a connection.');
    this.#use = histogram('connection.use_time', 'From lending a connection to its return.');
    this.#timeouts = meter.createCounter('db.client.connection.timeouts', {
      description: 'Waits for a connection that ended with a time-out.',
      unit: '{timeout}',
    });
    const unobserve = [
      observePools(meter, (attributes) => this.#timeouts.add(0, attributes)),
      observeStreams(meter),
    ];
    const endAll = (): void => {
      for (const end of unobserve) end();
    };
    this.#unobserve = endAll;
  }

  start(_traced: Traced, message: Message): void {
    this.#began.set(message, systemClock.now());
  }

  end(traced: Traced, message: Message): void {
    const began = this.#began.get(message);
    if (began === undefined) return;
    this.#began.delete(message);
    const seconds = (systemClock.now() - began) / 1000;
    const failed = 'error' in message;
    switch (traced) {
      case 'query':
      case 'prepare':
      case 'copy':
        this.#operation.record(seconds, {
          ...placeOf(message),
          ...operationOf(traced, message),
          ...(failed ? failureOf(message.error) : {}),
        });
        break;
      case 'connect':
        if (message.isPooled && !failed) this.#create.record(seconds, poolOf(message));
        break;
      case 'pool.acquire':
        if (!failed) this.#wait.record(seconds, poolOf(message));
        else if (message.error instanceof TimeoutError) this.#timeouts.add(1, poolOf(message));
        break;
      default:
    }
  }

  /** A connection that one holder had for itself has come back. */
  released(message: Message): void {
    this.#use.record((message.usedFor ?? 0) / 1000, poolOf(message));
  }

  stop(): void {
    this.#unobserve();
  }
}

/**
 * Reads the pools whenever metrics are collected. What it returns ends that. What is read no more keeps its last
 * value in what is exported, so that of a pool that is gone zeros are told once.
 *
 * @param found is told of each pool once: what is counted has a series from then on, not from its first 1
 */
function observePools(meter: Meter, found: (attributes: Attributes) => void): () => void {
  const known = new Set<string>();
  const gauge = (name: string, unit: string, description: string) =>
    meter.createObservableUpDownCounter(`db.client.connection.${name}`, { unit, description });
  const count = gauge('count', '{connection}', 'Connections by their state.');
  const max = gauge('max', '{connection}', 'The most connections that are allowed.');
  const idleMax = gauge('idle.max', '{connection}', 'The most idle connections that are allowed.');
  const idleMin = gauge('idle.min', '{connection}', 'The fewest idle connections to keep.');
  const pending = gauge('pending_requests', '{request}', 'Callers that wait for a connection.');
  const observe: Observe = (result, isOver) => {
    const present = isOver ? new Map<string, Sums>() : sumsByName();
    for (const name of present.keys()) {
      if (!known.has(name)) found({ 'db.client.connection.pool.name': name });
    }
    const gone = takeGone(known, new Set(present.keys()));
    for (const name of [...present.keys(), ...gone]) {
      const attributes: Attributes = { 'db.client.connection.pool.name': name };
      const sums = present.get(name) ?? NOTHING;
      const state = (value: string) => ({ ...attributes, 'db.client.connection.state': value });
      result.observe(count, sums.idle, state('idle'));
      result.observe(count, sums.used, state('used'));
      result.observe(max, sums.max, attributes);
      result.observe(idleMax, sums.max, attributes);
      result.observe(idleMin, sums.min, attributes);
      result.observe(pending, sums.pending, attributes);
    }
  };
  return observeUntilStopped(meter, [count, max, idleMax, idleMin, pending], known, observe);
}

/** Reads the change streams in the same way. Of one that is gone nobody knows the lag: it keeps the last one. */
function observeStreams(meter: Meter): () => void {
  const gauge = (name: string, unit: string, description: string) =>
    meter.createObservableGauge(`asyncpg.replication.${name}`, { unit, description });
  const lag = gauge('lag', 'By', 'Log that was sent and is not acknowledged.');
  const position = gauge('position', 'By', 'Positions in the log, by their kind.');
  const queued = gauge('queued', '{change}', 'Changes that wait to be taken.');
  const pending = gauge('unacknowledged', '{transaction}', 'Transactions not acknowledged.');
  const known = new Set<string>();
  const observe: Observe = (result, isOver) => {
    const present = new Set<string>();
    for (const { slotName, lag: bytes, positions, stats } of isOver ? [] : openStreams()) {
      present.add(slotName);
      const attributes: Attributes = { 'asyncpg.replication.slot': slotName };
      result.observe(lag, Number(bytes), attributes);
      result.observe(queued, stats.queued, attributes);
      result.observe(pending, stats.unacknowledged, attributes);
      for (const [kind, value] of Object.entries(positions)) {
        result.observe(position, Number(value), {
          ...attributes,
          'asyncpg.replication.position.kind': kind,
        });
      }
    }
    for (const slot of takeGone(known, present)) {
      const attributes: Attributes = { 'asyncpg.replication.slot': slot };
      result.observe(queued, 0, attributes);
      result.observe(pending, 0, attributes);
    }
  };
  return observeUntilStopped(meter, [lag, position, queued, pending], known, observe);
}

/** @param isOver nothing is present any more, whatever there is */
type Observe = (result: BatchObservableResult, isOver: boolean) => void;

/**
 * Observes at each collection. What it returns ends that: the next collection is told that what is `known` is gone,
 * and is the last one.
 */
function observeUntilStopped(
  meter: Meter,
  observables: Observable[],
  known: ReadonlySet<string>,
  observe: Observe,
): () => void {
  let isOver = false;
  const remove = (): void => meter.removeBatchObservableCallback(callback, observables);
  const callback = (result: BatchObservableResult): void => {
    observe(result, isOver);
    // Not at once: whoever calls this goes through its list of callbacks, and would pass the next one over.
    if (isOver) queueMicrotask(remove);
  };
  meter.addBatchObservableCallback(callback, observables);
  return () => {
    isOver = true;
    if (known.size === 0) remove();
  };
}

/** Those that are not present any more. What is present is known from then on. */
function takeGone(known: Set<string>, present: ReadonlySet<string>): string[] {
  const gone = [...known].filter((name) => !present.has(name));
  known.clear();
  for (const name of present) known.add(name);
  return gone;
}

const NOTHING: Readonly<Sums> = { idle: 0, used: 0, max: 0, min: 0, pending: 0 };

interface Sums {
  idle: number;
  used: number;
  max: number;
  min: number;
  pending: number;
}

/** Pools to the same place have one name: a second observation of it would replace the first. */
function sumsByName(): Map<string, Sums> {
  const sums = new Map<string, Sums>();
  for (const { pool, place } of openPools()) {
    const name = poolOf(place)['db.client.connection.pool.name'] as string;
    const sum = sums.get(name) ?? { idle: 0, used: 0, max: 0, min: 0, pending: 0 };
    const { idle, inUse, waiting } = pool.stats;
    sum.idle += idle;
    sum.used += inUse;
    sum.max += pool.maxSize;
    sum.min += pool.minSize;
    sum.pending += waiting;
    sums.set(name, sum);
  }
  return sums;
}
