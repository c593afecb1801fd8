/** Texts travel as UTF-8, or not at all. */
import { expect, it, onTestFinished } from 'vitest';
import { connect, createPool } from '../../../src/index.ts';
import { over } from '../../hostile/conversation.ts';
import { describeEach, failure, open } from '../../support/connections.ts';
import { greeting, SETTINGS } from '../../support/fakes/puppet.ts';
import { PuppetStream } from '../../support/fakes/puppet-stream.ts';
import { serverDsn } from '../../support/servers/server.ts';

describeEach('client_encoding', (version) => {
  it('ends the connection when it is set to another one', async () => {
    const c = await open(version);
    const error = await failure(c.execute("SET client_encoding = 'LATIN1'"));
    expect(error.message).toMatch('client_encoding is LATIN1 in this session');
    // The next session would end in the same way.
    expect(error).toMatchObject({ isTransient: false });
    await expect.poll(() => c.isClosed).toBe(true);
  });

  it('may be set to what it is', async () => {
    const c = await open(version);
    await c.execute("SET client_encoding = 'UTF8'; SET NAMES 'utf-8'");
    expect(await c.fetchVal('SELECT $1 || chr(233)', 'é')).toBe('éé');
  });

  it('costs a pool no more than the connection', async () => {
    const pool = await createPool(serverDsn(version), { maxSize: 1 });
    onTestFinished(() => pool.close());
    await failure(pool.execute("SET client_encoding = 'WIN1252'"));
    expect(await pool.fetchVal('SELECT $1::text', 'é')).toBe('é');
  });
});

it.each([
  [{ client_encoding: 'LATIN1' }, false],
  [{ client_encoding: 'SQL_ASCII', server_encoding: 'LATIN1' }, false],
  [{ client_encoding: 'SQL_ASCII', server_encoding: 'UTF8' }, true],
  [{ client_encoding: 'UNICODE' }, true],
  [{}, true],
])('a server that greets with %j is taken: %j', async (settings, isTaken) => {
  const { client_encoding: _, ...others } = SETTINGS as Record<string, string>;
  const stream = new PuppetStream({ greeting: greeting({ ...others, ...settings }) });
  const attempt = connect(over(stream));
  if (isTaken) (await attempt).terminate();
  else expect((await failure(attempt)).message).toMatch('JavaScript strings travel as UTF8');
});
