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

  it('is not if its user closed it', async () => {
    const c = await open(version);
    await c.close();
    expect(await failure(c.fetch('SELECT 1'))).toMatchObject({ isTransient: false });
    const other = await open(version);
    other.terminate();
    expect(await failure(other.fetch('SELECT 1'))).toMatchObject({ isTransient: false });
  });
});
