import { expect, it } from 'vitest';
import { describeEach, failure, open } from '../../support/connections.ts';

describeEach('a call on a connection that is over', (version) => {
  it('is transient if the connection was lost before it', async () => {
    const c = await open(version);
    const admin = await open(version);
    const ended = new Promise<void>((resolve) => c.addTerminationListener(() => resolve()));
    await admin.execute(`SELECT pg_terminate_backend(${c.serverPid})`);
    await ended;
    expect(await failure(c.fetch('SELECT 1'))).toMatchObject({
      isTransient: true,
      safeToRetry: true,
    });
  });

  // The pause is what the server ends it for. PostgreSQL 17 has transaction_timeout.
  const timeouts = ['idle_in_transaction_session_timeout', 'transaction_timeout'];
  it.each(timeouts)('is transient if the server ended it by %s', async (setting) => {
    const c = await open(version);
    if (setting === 'transaction_timeout' && c.serverVersion.major < 17) return;
    const ended = new Promise<void>((resolve) => c.addTerminationListener(() => resolve()));
    const error = await failure(
      c.transaction(async (tx) => {
        await tx.execute(`SET LOCAL ${setting} = 20`);
        await ended;
        await tx.execute('SELECT 1');
      }),
    );
    expect(error).toMatchObject({ isTransient: true, safeToRetry: true });
  });

  /** The process stands still, and hears of nothing: what it asks next is on the wire before. */
  const standStill = (milliseconds: number): void => {
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, milliseconds);
  };

  it('is safe to try again if the server had ended it for being idle', async () => {
    const c = await open(version);
    await c.execute('SET idle_session_timeout = 50');
    standStill(300);
    expect(await failure(c.execute('CREATE TABLE never_made (i int)'))).toMatchObject({
      sqlstate: '57P05',
      safeToRetry: true,
      isTransient: true,
    });
    const other = await open(version);
    expect(await other.fetchVal("SELECT to_regclass('never_made') IS NULL")).toBe(true);
  });

  it('has not committed if the server had ended it for being idle', async () => {
    const c = await open(version);
    const tx = await c.begin();
    await tx.execute('SET idle_in_transaction_session_timeout = 50');
    await tx.execute('CREATE TABLE never_made (i int)');
    standStill(300);
    // And not a TransactionResolutionUnknownError.
    expect(await failure(tx.commit())).toMatchObject({ sqlstate: '25P03', safeToRetry: true });
    const other = await open(version);
    expect(await other.fetchVal("SELECT to_regclass('never_made') IS NULL")).toBe(true);
  });

  it('is not if its user closed it, neither for calls under way', async () => {
    const c = await open(version);
    const call = failure(c.fetch('SELECT pg_sleep(60)'));
    c.terminate();
    expect(await call).toMatchObject({ isTransient: false });
    const other = await open(version);
    const closed = other.transaction(async (tx) => {
      await tx.execute('SELECT 1');
      await other.close();
    });
    expect(await failure(closed)).toMatchObject({ isTransient: false });
  });

  it('is not if its user closed it', async () => {
    const c = await open(version);
    await c.close();
    expect(await failure(c.fetch('SELECT 1'))).toMatchObject({ isTransient: false });
    const other = await open(version);
    other.terminate();
    expect(await failure(other.fetch('SELECT 1'))).toMatchObject({ isTransient: false });
  });
});
