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
