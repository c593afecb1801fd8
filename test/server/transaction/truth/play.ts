import type { Connection, PreparedStatement, Transaction } from '../../../../src/index.ts';
import { collect } from '../../../support/connections.ts';
import type { Body, On, Program, Step, Way } from './program.ts';

/** What the driver said became of a transaction or of what was done since a savepoint. */
interface Cover {
  readonly outer: Cover | null;
  said: 'nothing' | 'kept' | 'undone' | 'ended';
  /** Its own code is over. */
  isOver: boolean;
  /** The tag of the text that has ended the outermost one, once the driver knows of it. */
  endTag: string | null;
}

/** A number that was to be inserted, and what the driver said of it. */
export interface Entry {
  readonly number: number;
  readonly what: string;
  readonly cover: Cover | null;
  /** Its transaction had been ended by a statement, which was known when the call was made. */
  readonly isLate: boolean;
  /** It was made by code that is left over from a transaction: inside of it or after it. */
  readonly isLeftOver: boolean;
  /** It was made after a statement that ends the transaction, which was not answered. */
  readonly isDoubtful: boolean;
  /** `given up`: rejected by a signal, when the statement had been sent, perhaps. */
  said: 'nothing' | 'resolved' | 'rejected' | 'given up';
}

class Planned extends Error {}

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

function isEnd(error: unknown): boolean {
  return error instanceof Error && error.message.includes('was ended by a statement');
}

/** Where a step is taken. */
interface Place {
  /** The innermost transaction and those around it, innermost first. */
  readonly transactions: readonly Transaction[];
  readonly cover: Cover | null;
}

let lastNumber = 0;

/** Plays a program on a connection whose table `t` takes numbers, and writes down what was said. */
export class Play {
  readonly entries: Entry[] = [];
  readonly errors = new Map<string, number>();
  readonly listeners: { channel: string; heard: string[] }[] = [];
  readonly #c: Connection;
  readonly #insert: PreparedStatement;
  /** Ends of the outermost transactions by a text that are not answered. */
  readonly #ending = new Set<Cover>();

  constructor(c: Connection, insert: PreparedStatement) {
    this.#c = c;
    this.#insert = insert;
  }

  async run(program: Program): Promise<void> {
    await Promise.all(
      program.map(async (steps) => {
        // begin() would enter the context of all others.
        await turn();
        await this.#steps(steps, { transactions: [], cover: null });
      }),
    );
  }

  async #steps(steps: readonly Step[], place: Place): Promise<void> {
    const pending: Promise<unknown>[] = [];
    for (const step of steps) {
      // Whatever goes on beside it would be undone with a savepoint.
      if (step.kind === 'savepoint') await Promise.all(pending);
      const taken = this.#step(step, place);
      if ('awaited' in step && !step.awaited) pending.push(taken);
      else await taken;
    }
    await Promise.all(pending);
  }

  async #step(step: Step, place: Place): Promise<void> {
    switch (step.kind) {
      case 'pause':
        for (let left = step.turns; left > 0; left--) await turn();
        return;
      case 'insert':
        await this.#insertOne(step.way, step.on, place);
        return;
      case 'fail':
        await this.#note(this.#object(step.on, place).object.execute('SELECT 1 / 0'));
        return;
      case 'end':
        await this.#end(step.text, step.on, place);
        return;
      case 'listen':
      case 'unlisten':
      case 'silence':
        await this.#listen(step.kind, `truth_${step.channel}`);
        return;
      case 'transaction':
        await this.#transaction(step, place);
        return;
      case 'begin':
        // A context of its own, which it changes.
        await this.#apart(() => this.#begin(step.body, place));
        return;
      case 'savepoint':
        await this.#savepoint(step.body, place);
        return;
    }
  }

  async #apart(work: () => Promise<void>): Promise<void> {
    await null;
    await work();
  }

  /** The object to make a call of, and what the call is covered by. */
  #object(
    on: On,
    { transactions, cover }: Place,
  ): { object: Transaction | Connection; cover: Cover | null } {
    if (on === 'connection') return { object: this.#c, cover };
    const object = transactions[on === 'outer' ? 1 : 0] ?? transactions[0];
    return { object: object ?? this.#c, cover };
  }

  /** Whether a promise was resolved. What it was rejected with is counted. */
  async #note(promise: Promise<unknown>): Promise<unknown> {
    try {
      await promise;
      return null;
    } catch (error) {
      const { name, message } = error as Error;
      const key = `${name}: ${message.split('\n')[0]!.replace(/asyncpg_\w+|\d+/g, '…')}`;
      this.errors.set(key, (this.errors.get(key) ?? 0) + 1);
      return error;
    }
  }

  async #insertOne(way: Way, on: On, place: Place): Promise<void> {
    const { object, cover } = this.#object(on, place);
    const count = way === 'script' || way === 'batch' || way === 'executeMany' ? 2 : 1;
    const entries: Entry[] = [];
    for (let left = count; left > 0; left--) entries.push(this.#entry(`${way} on ${on}`, cover));
    const error = await this.#note(
      this.#send(
        way,
        object,
        entries.map(({ number }) => number),
      ),
    );
    const said = error === null ? 'resolved' : error instanceof Planned ? 'given up' : 'rejected';
    for (const entry of entries) entry.said = said;
  }

  #entry(what: string, cover: Cover | null): Entry {
    lastNumber += 1;
    const root = rootOf(cover);
    let isLeftOver = false;
    for (let at = cover; at !== null; at = at.outer) isLeftOver ||= at.isOver;
    const entry: Entry = {
      number: lastNumber,
      what,
      cover,
      isLate: root !== null && root.endTag !== null,
      isLeftOver,
      isDoubtful: root !== null && this.#ending.has(root),
      said: 'nothing',
    };
    this.entries.push(entry);
    return entry;
  }

  #send(way: Way, object: Transaction | Connection, [a, b]: number[]): Promise<unknown> {
    switch (way) {
      case 'execute':
        return object.execute(`INSERT INTO t VALUES (${a})`);
      case 'with arguments':
        return object.execute('INSERT INTO t VALUES ($1)', a);
      case 'fetch':
        return object.fetch('INSERT INTO t VALUES ($1) RETURNING a', a);
      case 'executeMany':
        return object.executeMany('INSERT INTO t VALUES ($1)', [[a], [b]]);
      case 'fetchMany':
        return object.fetchMany('INSERT INTO t VALUES ($1) RETURNING a', [[a]]);
      case 'batch':
        return object.batch([
          `INSERT INTO t VALUES (${a})`,
          { text: 'INSERT INTO t VALUES ($1)', args: [b] },
        ]);
      case 'copy':
        return object.copyRecordsToTable('t', { records: [[a]] });
      case 'stream':
        return collect(object.stream('INSERT INTO t VALUES ($1) RETURNING a', a));
      case 'prepared':
        // A statement is its connection's.
        return this.#insert.execute(a);
      case 'script':
        return object.execute(`INSERT INTO t VALUES (${a}); SELECT 1; INSERT INTO t VALUES (${b})`);
    }
  }

  async #end(text: string, on: On, place: Place): Promise<void> {
    const { object, cover } = this.#object(on, place);
    const root = rootOf(cover);
    // Outside of a transaction such a text is the user's own affair.
    if (root === null) return;
    this.#ending.add(root);
    const tags: string[] = [];
    const error = await this.#note(object.execute(text).then((tag) => tags.push(tag)));
    // Of `END; BEGIN` the last tag alone is told, and a failed transaction is rolled back by END.
    if (error === null) root.endTag ??= tags[0]!;
    this.#ending.delete(root);
  }

  async #listen(kind: 'listen' | 'unlisten' | 'silence', channel: string): Promise<void> {
    if (kind === 'silence') {
      await this.#note(this.#c.execute('UNLISTEN *'));
      return;
    }
    if (kind === 'unlisten') {
      const unused = (): void => {};
      await this.#note(this.#c.addListener(channel, unused));
      await this.#note(this.#c.removeListener(channel, unused));
      return;
    }
    const heard: string[] = [];
    const error = await this.#note(
      this.#c.addListener(channel, ({ payload }) => {
        heard.push(payload);
      }),
    );
    if (error === null) this.listeners.push({ channel, heard });
  }

  async #transaction(step: Step & { kind: 'transaction' }, place: Place): Promise<void> {
    const { object, cover } = this.#object(step.on, place);
    const controller = new AbortController();
    const own: Cover = { outer: cover, said: 'nothing', isOver: false, endTag: null };
    const running = object.transaction(
      step.abortAfter === null ? {} : { signal: controller.signal },
      async (tx) => {
        try {
          const inside = { transactions: [tx, ...place.transactions], cover: own };
          await this.#steps(step.body.steps, inside);
          if (step.body.outcome === 'throw') throw new Planned('planned');
        } finally {
          own.isOver = true;
        }
      },
    );
    if (step.abortAfter !== null) {
      void (async () => {
        for (let left = step.abortAfter!; left > 0; left--) await turn();
        controller.abort(new Planned('aborted'));
      })();
    }
    const error = await this.#note(running);
    own.said = error === null ? 'kept' : isEnd(error) ? 'ended' : 'undone';
  }

  async #begin({ steps, outcome }: Body, place: Place): Promise<void> {
    const own: Cover = { outer: place.cover, said: 'nothing', isOver: false, endTag: null };
    let tx: Transaction | null = null;
    await this.#note(
      (async () => {
        tx = await this.#c.begin();
      })(),
    );
    if (tx === null) return;
    await this.#within(
      tx,
      steps,
      outcome,
      { transactions: [tx, ...place.transactions], cover: own },
      own,
    );
  }

  /** In the context that `begin` has changed: no await may lie between it and this. */
  async #within(
    tx: Transaction,
    steps: readonly Step[],
    outcome: Body['outcome'],
    inside: Place,
    own: Cover,
  ): Promise<void> {
    await this.#steps(steps, inside);
    own.isOver = true;
    const ending =
      outcome === 'commit'
        ? tx.commit()
        : outcome === 'rollback'
          ? tx.rollback()
          : tx[Symbol.asyncDispose]();
    const error = await this.#note(ending);
    // A commit that was refused, as it was aborted or something in it is open, has left it open.
    const last =
      error === null || isEnd(error) ? error : await this.#note(tx[Symbol.asyncDispose]());
    if (isEnd(last)) own.said = 'ended';
    else own.said = error === null && outcome === 'commit' ? 'kept' : 'undone';
  }

  async #savepoint({ steps, outcome }: Body, place: Place): Promise<void> {
    const [tx] = place.transactions;
    if (tx === undefined) return;
    const own: Cover = { outer: place.cover, said: 'nothing', isOver: false, endTag: null };
    const setting = tx.savepoint();
    const error = await this.#note(setting);
    if (error !== null) return;
    const savepoint = await setting;
    await this.#steps(steps, { transactions: place.transactions, cover: own });
    own.isOver = true;
    if (outcome === 'rollback') {
      const failed = await this.#note(savepoint.rollback());
      own.said = failed === null ? 'undone' : isEnd(failed) ? 'ended' : 'kept';
    } else {
      if (outcome === 'commit') await this.#note(savepoint.release());
      own.said = 'kept';
    }
  }
}

function rootOf(cover: Cover | null): Cover | null {
  let at = cover;
  while (at !== null && at.outer !== null) at = at.outer;
  return at;
}

/** Whether the number must be there, by what was said; null: nothing was said that would tell. */
export function expectation(entry: Entry): boolean | null {
  const { cover, said } = entry;
  if (said === 'rejected' || (said === 'given up' && entry.isLate)) return false;
  if (said === 'nothing' || entry.isLate) throw new Error(`it was executed: ${entry.what}`);
  let isUndone = false;
  let isEnded = false;
  for (let at = cover; at !== null; at = at.outer) {
    if (at.said === 'nothing') throw new Error('a transaction has said nothing');
    isUndone ||= at.said === 'undone';
    isEnded ||= at.said === 'ended';
  }
  if (isUndone) return entry.isLeftOver ? null : false;
  if (said === 'given up') return null;
  if (!isEnded) return true;
  const root = rootOf(cover)!;
  if (entry.isDoubtful || entry.isLeftOver) return null;
  return root.endTag === 'COMMIT' ? true : root.endTag === 'ROLLBACK' ? false : null;
}
