import { isDeepStrictEqual } from 'node:util';
import {
  type Connection,
  ConnectionDoesNotExistError,
  ConnectionFailureError,
  InterfaceError,
  ProtocolViolationError,
  TimeoutError,
  TransactionResolutionUnknownError,
} from '../../src/index.ts';
import { TestPool, until } from '../support/pool.ts';
import {
  type Fault,
  FaultProxy,
  type PassingMessage,
  type PlacedFault,
} from '../support/servers/fault-proxy.ts';
import { testServer } from '../support/servers/server.ts';
import { MARKS, type Scenario } from './scenarios.ts';

/** Longer than everything takes that is not held up, in milliseconds: silence ends after it. */
const TIMEOUT = 1_500;
/** The same where nothing is silent, so that only a slow machine would have it ended. */
const PATIENCE = 20_000;

/** A place at which a fault strikes. */
export interface Strike extends PlacedFault {
  readonly message: PassingMessage;
  /** Where it stands among all of the recording. */
  readonly position: number;
  readonly of: readonly PassingMessage[];
  /** How many of these there are until the caller has what it wants. */
  readonly essential: number;
}

/** What goes over the wire while all is well, in the order of the proxy. */
export interface Recording {
  readonly messages: readonly PassingMessage[];
  readonly essential: number;
}

/** A pool of one connection through a proxy. */
class Case implements AsyncDisposable {
  readonly proxy: FaultProxy;
  readonly test: TestPool;

  private constructor(proxy: FaultProxy, test: TestPool) {
    this.proxy = proxy;
    this.test = test;
  }

  static async open(timeout: number): Promise<Case> {
    const proxy = await FaultProxy.listen(testServer());
    const options = { minSize: 1, maxSize: 2, commandTimeout: timeout, timeout };
    return new Case(proxy, await TestPool.open(options, proxy.dsn, testServer().dsn));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.test[Symbol.asyncDispose]();
    await this.proxy.close();
  }
}

let ids = 0;

export async function prepareMarks(admin: Connection): Promise<void> {
  await admin.execute(
    `DROP TABLE IF EXISTS ${MARKS}; CREATE UNLOGGED TABLE ${MARKS} (id int4, item int4)`,
  );
}

export async function record(scenario: Scenario): Promise<Recording> {
  await using healthy = await Case.open(PATIENCE);
  const { pool } = healthy.test;
  ids += 1;
  await scenario.before?.(pool, ids);
  const messages: PassingMessage[] = [];
  let essential: number | null = null;
  healthy.proxy.plan = (message) => {
    if (scenario.concerns?.(message) ?? true) messages.push(message);
    return null;
  };
  const result = await scenario.run(pool, ids, () => {
    essential = messages.length;
  });
  healthy.proxy.plan = () => null;
  if (!isDeepStrictEqual(result, scenario.result)) {
    throw new Error(`the undisturbed run gave ${JSON.stringify(result)}`);
  }
  return { messages, essential: essential ?? messages.length };
}

/**
 * Where a fault strikes: at every message boundary, but in a row of messages that are all the
 * same only at the first and the last of them.
 */
export function strikes(
  { messages: of, essential }: Recording,
  fault: Fault,
  wheres: readonly PlacedFault['where'][],
): Strike[] {
  const last = of.length - 1;
  const found: Strike[] = [];
  for (const [position, message] of of.entries()) {
    const same = (other: PassingMessage | undefined): boolean =>
      other?.name === message.name && other.from === message.from;
    if (same(of[position - 1]) && same(of[position + 1])) continue;
    const places = position === last ? new Set([...wheres, 'after' as const]) : wheres;
    for (const where of places) found.push({ fault, where, message, position, of, essential });
  }
  return found;
}

/** Does it again with the fault, and checks everything that must hold after it. */
export async function strike(scenario: Scenario, struck: Strike): Promise<void> {
  await using broken = await Case.open(struck.fault === 'silence' ? TIMEOUT : PATIENCE);
  const { proxy, test } = broken;
  const { pool, admin } = test;
  ids += 1;
  const id = ids;
  await scenario.before?.(pool, id);
  const { message, fault, where } = struck;
  let hit = false;
  proxy.plan = (passing) => {
    const isIt =
      passing.link === message.link &&
      passing.from === message.from &&
      passing.index === message.index;
    if (!isIt) return null;
    hit = true;
    return { fault, where };
  };
  const outcome = await scenario
    .run(pool, id, () => {})
    .then(
      (value) => ({ value }),
      (error: unknown) => ({ error }),
    );
  if (!hit) throw new Error('the fault did not strike');
  checkOutcome(scenario, struck, outcome);

  // The network is mended: the connection is gone, and the pool is as it was.
  proxy.heal();
  const isNoticed = (): boolean => pool.stats.closed + pool.stats.failedConnects > message.link;
  if (isBreaking(fault)) await until(isNoticed);
  const answer = await pool.fetchVal('SELECT 42');
  if (answer !== 42) throw new Error(`the pool answered ${answer} afterwards`);
  const { size, idle, inUse, connecting, waiting } = pool.stats;
  if (size !== 1 || idle !== 1 || inUse + connecting + waiting > 0) {
    throw new Error(`the pool is not at its floor: ${JSON.stringify(pool.stats)}`);
  }
  await until(async () => (await test.backends()).length === 1);

  const found = await admin.fetchVal<number>(
    `SELECT count(*)::int4 FROM ${MARKS} WHERE id = $1`,
    id,
  );
  checkRows(scenario, outcome, found!);
}

type Outcome = { readonly value: unknown } | { readonly error: unknown };

function isBreaking(fault: Fault): boolean {
  return fault !== 'throttle' && fault !== 'drip';
}

function checkOutcome(scenario: Scenario, struck: Strike, outcome: Outcome): void {
  if ('value' in outcome) {
    if (!maySucceed(struck)) throw new Error('it succeeded');
    if (!isDeepStrictEqual(outcome.value, scenario.result)) {
      throw new Error(`it gave ${JSON.stringify(outcome.value)}`);
    }
    return;
  }
  const { error } = outcome;
  if (isErrorAt(scenario, struck, error)) return;
  throw new Error(`it was rejected with ${error}`, { cause: error });
}

/** Whether everything that the caller needs passes in spite of the fault. */
function maySucceed(struck: Strike): boolean {
  const { fault, where, position, essential } = struck;
  if (!isBreaking(fault) || position >= essential) return true;
  if (where !== 'after') return false;
  return position === essential - 1 || (isHalfOpen(struck) && !sendsMore(struck));
}

/** The server answers what it has before it notices that no more comes. */
function isHalfOpen(struck: Strike): boolean {
  return isHalfClosed(struck) && struck.where === 'after';
}

function isHalfClosed({ fault, message }: Strike): boolean {
  return fault === 'half-close' && message.from === 'client';
}

function sendsMore({ position, of, essential }: Strike): boolean {
  return of.slice(position + 1, essential).some(isSent);
}

function isSent({ from }: PassingMessage): boolean {
  return from === 'client';
}

/** Whether this is the error that is promised for a fault at this place. */
function isErrorAt(scenario: Scenario, struck: Strike, error: unknown): boolean {
  const { fault, position, of, where, message } = struck;
  if (!isBreaking(fault)) return false;
  const isSilence = fault === 'silence';
  const isEnd = isSilence ? error instanceof TimeoutError : isLost(error);
  if (message.link > 0) {
    const isConnected = where === 'after' && (position === of.length - 1 || isHalfOpen(struck));
    if (isConnected && isEnd) return true;
    const isConnect = isSilence ? TimeoutError : ConnectionFailureError;
    return error instanceof isConnect && error.safeToRetry;
  }
  const stage = scenario.commits ? stageOfCommit(struck) : 'before';
  const isUnknown =
    error instanceof TransactionResolutionUnknownError && !error.safeToRetry && !error.isTransient;
  if (stage === 'committing') return isUnknown;
  // What comes first, the end of the connection or the next call, is open.
  if (stage === 'about to commit' && isUnknown) return true;
  return isEnd || (isHalfClosed(struck) && isComplaint(error));
}

/** The server may say that it misses the rest of what it was sent, wherever that was broken off; of a COPY, that its client is gone. */
function isComplaint(error: unknown): boolean {
  if (error instanceof ConnectionFailureError) return !error.safeToRetry && error.isTransient;
  return error instanceof ProtocolViolationError && !error.safeToRetry;
}

/** The connection was lost during a call, or before a further one on the same connection. */
function isLost(error: unknown): boolean {
  if (error instanceof InterfaceError) {
    return error.safeToRetry && error.cause instanceof ConnectionDoesNotExistError;
  }
  return (
    error instanceof ConnectionDoesNotExistError &&
    !(error instanceof TransactionResolutionUnknownError)
  );
}

function stageOfCommit(struck: Strike) {
  const { message, position, of, where } = struck;
  // COMMIT is the last that is sent, and by itself.
  const commit = of.findLastIndex(isSent);
  if (position >= commit) return 'committing';
  const sentBefore = of.slice(0, commit).findLastIndex(isSent);
  const isAnswered = message.name === 'ReadyForQuery' && position === commit - 1;
  const mayBeAnswered = isHalfOpen(struck) && position === sentBefore;
  return where === 'after' && (isAnswered || mayBeAnswered) ? 'about to commit' : 'before';
}

function checkRows({ rows = 0 }: Scenario, outcome: Outcome, found: number): void {
  const told =
    'value' in outcome ? 'done' : isCertainlyUndone(outcome.error) ? 'undone' : 'unknown';
  const fits =
    told === 'unknown' ? found === 0 || found === rows : found === (told === 'done' ? rows : 0);
  if (!fits) throw new Error(`it was told ${told}, and ${found} of its ${rows} rows are there`);
}

function isCertainlyUndone(error: unknown): boolean {
  return (error as { safeToRetry?: unknown }).safeToRetry === true;
}
