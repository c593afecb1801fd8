/** A LISTEN that the server undoes: with its transaction, a savepoint, or by a text of the user's. */
import { expect, it } from 'vitest';
import { type Connection, createPool, type Notification } from '../../../src/index.ts';
import { describeEach, failure, open } from '../../support/connections.ts';
import { serverDsn } from '../../support/servers/server.ts';

/** What comes on the channel `news`, and what is listened to according to the server. */
class Reader {
  readonly heard: string[] = [];
  readonly listener = ({ payload }: Notification): void => void this.heard.push(payload);
  readonly #c: Connection;
  readonly #other: Connection;
  #sent = 0;

  constructor(c: Connection, other: Connection) {
    this.#c = c;
    this.#other = other;
  }

  /** Sends another notification from elsewhere, and tells whether it was heard. */
  async hears(channel = 'news'): Promise<boolean> {
    this.#sent += 1;
    const payload = String(this.#sent);
    await this.#other.notify(channel, payload);
    // What was sent before this answer has come with it.
    await this.#c.fetchVal('SELECT 1');
    await new Promise((resolve) => setImmediate(resolve));
    return this.heard.includes(payload);
  }

  async channels(): Promise<string[]> {
    const rows = await this.#c.fetch('SELECT pg_listening_channels() AS name');
    return rows.map(({ name }) => name).sort();
  }
}

const CALM = { commandTimeout: 20_000 };

describeEach('a LISTEN that was undone', (version) => {
  const setUp = async (): Promise<[Connection, Reader]> => {
    const [c, other] = [await open(version, CALM), await open(version, CALM)];
    return [c, new Reader(c, other)];
  };

  it('with its transaction is made good before the call ends', async () => {
    const [c, reader] = await setUp();
    await failure(
      c.transaction(async (tx) => {
        await tx.execute('SELECT 1');
        await c.addListener('news', reader.listener);
        throw new Error('no');
      }),
    );
    expect(await reader.hears()).toBe(true);
    await c.addListener('news', reader.listener);
    expect(await reader.hears()).toBe(true);
    expect(await reader.channels()).toEqual(['news']);
    await c.removeListener('news', reader.listener);
    expect(await reader.hears()).toBe(false);
    expect(await reader.channels()).toEqual([]);
  });

  it('with one that committed is none', async () => {
    const [c, reader] = await setUp();
    await c.transaction(() => c.addListener('news', reader.listener));
    expect(await reader.hears()).toBe(true);
  });

  it('with a nested transaction, or to a savepoint, is made good at the end of the outer one', async () => {
    const [c, reader] = await setUp();
    await c.transaction(async (tx) => {
      await failure(
        tx.transaction(async () => {
          await c.addListener('news', reader.listener);
          throw new Error('no');
        }),
      );
      const savepoint = await tx.savepoint();
      await c.addListener('more', reader.listener);
      await savepoint.rollback();
      // It is believed to be there, and not sent again.
      await c.addListener('news', () => {});
    });
    expect(await reader.hears()).toBe(true);
    expect(await reader.hears('more')).toBe(true);
    expect(await reader.channels()).toEqual(['more', 'news']);
  });

  it.each(['ROLLBACK', 'ROLLBACK; SELECT 1', 'SELECT 1; ABORT', 'ROLLBACK AND CHAIN'])(
    'in a transaction begun by hand is made good after %j',
    async (end) => {
      const [c, reader] = await setUp();
      await c.execute('BEGIN');
      await c.addListener('news', reader.listener);
      await c.execute(end);
      if (end.endsWith('CHAIN')) await c.execute('COMMIT');
      expect(await reader.hears()).toBe(true);
    },
  );

  it('in a transaction begun by hand is made good, when nothing is waited for', async () => {
    const [c, reader] = await setUp();
    await Promise.all([
      c.execute('BEGIN'),
      c.addListener('news', reader.listener),
      failure(c.execute('SELECT 1 / 0')),
      c.execute('COMMIT'),
    ]);
    expect(await reader.hears()).toBe(true);
  });

  it.each([
    'UNLISTEN *',
    'UNLISTEN news',
    'DISCARD ALL',
    'SELECT 1; UNLISTEN *; SELECT 2',
    'BEGIN; UNLISTEN "news"; COMMIT',
  ])('by the text %j is made good', async (text) => {
    const [c, reader] = await setUp();
    await c.addListener('news', reader.listener);
    await c.execute(text);
    expect(await reader.hears()).toBe(true);
    await c.addListener('news', reader.listener);
    expect(await reader.hears()).toBe(true);
    if (text === 'DISCARD ALL') return;
    await c.batch(['SELECT 1', 'UNLISTEN *']);
    expect(await reader.hears()).toBe(true);
    await c.fetch('UNLISTEN *');
    expect(await reader.hears()).toBe(true);
    await c.transaction((tx) => tx.execute('UNLISTEN *'));
    expect(await reader.hears()).toBe(true);
    await failure(c.execute('UNLISTEN *; SELECT 1 / 0'));
    expect(await reader.hears()).toBe(true);
  });

  it('unseen, by a DO block, is made good when a listener is added, the same one too', async () => {
    const [c, reader] = await setUp();
    await c.addListener('news', reader.listener);
    for (const listener of [reader.listener, () => {}]) {
      await c.execute('DO $$ BEGIN UNLISTEN news; END $$');
      await c.addListener('news', listener);
      expect(await reader.hears()).toBe(true);
    }
    await c.execute('BEGIN');
    await failure(c.execute('SELECT 1 / 0'));
    expect(await failure(c.addListener('news', reader.listener))).toMatchObject({
      sqlstate: '25P02',
    });
    await c.execute('ROLLBACK');
    expect(await reader.hears()).toBe(true);
  });

  it('in a transaction that a statement ended is made good', async () => {
    const [c, reader] = await setUp();
    for (const end of ['ROLLBACK', 'COMMIT', 'ROLLBACK AND CHAIN', 'UNLISTEN *; ROLLBACK']) {
      const channel = end.toLowerCase();
      await failure(
        c.transaction(async (tx) => {
          await c.addListener(channel, reader.listener);
          const ended = tx.execute(end);
          const behind = failure(tx.execute('UNLISTEN *'));
          await ended;
          expect((await behind).message).toContain('was ended by a statement');
        }),
      );
      expect(await reader.hears(channel)).toBe(true);
    }
  });

  it('does not end the iteration that has begun it', async () => {
    const [c, reader] = await setUp();
    let iteration!: AsyncIterator<Notification>;
    await failure(
      c.transaction(async () => {
        iteration = c.notifications('news')[Symbol.asyncIterator]();
        await c.execute('SELECT 1');
        throw new Error('no');
      }),
    );
    await reader.hears();
    expect((await iteration.next()).value).toMatchObject({ channel: 'news', payload: '1' });
    await c.execute('DISCARD ALL');
    await reader.hears();
    expect((await iteration.next()).value).toMatchObject({ payload: '2' });
    await iteration.return!();
    expect(await reader.channels()).toEqual([]);
  });

  it('is not made good for who listens no more', async () => {
    const [c, reader] = await setUp();
    await failure(
      c.transaction(async () => {
        await c.addListener('news', reader.listener);
        await c.removeListener('news', reader.listener);
        throw new Error('no');
      }),
    );
    expect(await reader.channels()).toEqual([]);
    await c.addListener('news', reader.listener);
    await c.removeListener('news', reader.listener);
    await c.execute('UNLISTEN *');
    expect(await reader.channels()).toEqual([]);
  });

  it('of a holder’s does not reach the next holder of its connection', async () => {
    await using pool = await createPool(serverDsn(version), { minSize: 1, maxSize: 1 });
    const reader = await pool.withConnection(async (c) => {
      const reader = new Reader(c, await open(version));
      await c.execute('BEGIN');
      await c.addListener('news', reader.listener);
      return reader;
    });
    expect(await pool.fetch('SELECT pg_listening_channels()')).toEqual([]);
    expect(reader.heard).toEqual([]);
  });
});

describeEach('a listener that is removed while a stranger’s transaction is open', (version) => {
  it('hears nothing more at once, and the channel is left when that has ended', async () => {
    const [c, other] = [await open(version, CALM), await open(version, CALM)];
    const reader = new Reader(c, other);
    await c.addListener('news', reader.listener);
    let removed!: () => void;
    const untilRemoved = new Promise<void>((resolve) => {
      removed = resolve;
    });
    const open_ = failure(
      c.transaction(async (tx) => {
        await tx.execute('SELECT 1');
        await untilRemoved;
        throw new Error('no');
      }),
    );
    await c.removeListener('news', reader.listener);
    removed();
    await open_;
    expect(await reader.hears()).toBe(false);
    expect(await reader.channels()).toEqual([]);
  });

  it('leaves it to who listens again meanwhile', async () => {
    const [c, other] = [await open(version, CALM), await open(version, CALM)];
    const reader = new Reader(c, other);
    const first = (): void => {};
    await c.addListener('news', first);
    const open_ = c.transaction(async (tx) => {
      await tx.execute('SELECT 1');
      await new Promise((resolve) => setImmediate(resolve));
      await c.addListener('news', reader.listener);
    });
    await c.removeListener('news', first);
    await open_;
    expect(await reader.hears()).toBe(true);
  });
});
