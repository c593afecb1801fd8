import { expect, it } from 'vitest';
import {
  ConnectionFailureError,
  type ConnectOptions,
  connect,
  TimeoutError,
} from '../../src/index.ts';
import { writeAuthentication } from '../../src/protocol/backend/authentication.ts';
import { writeParameterStatus, writeReadyForQuery } from '../../src/protocol/backend/session.ts';
import { failure } from '../support/connections.ts';
import {
  close,
  expectMessage,
  expectStartup,
  type Script,
  send,
  wait,
} from '../support/fakes/script.ts';
import { ScriptedServer } from '../support/fakes/scripted-server.ts';

/** Up to the question for its role. */
const TELLS_NOTHING: Script = [
  expectStartup(),
  send((writer) => {
    writeAuthentication(writer, { method: 'Ok' });
    writeParameterStatus(writer, 'server_version', '12.0');
    writeReadyForQuery(writer, 'I');
  }),
  expectMessage('Parse', ({ text }) => text.includes('pg_is_in_recovery')),
  expectMessage('Describe'),
  expectMessage('Sync'),
];

function refusal({ host, port }: ScriptedServer, more: ConnectOptions): Promise<Error> {
  const options = { host, port, user: 'ada', ssl: false, targetSessionAttrs: 'primary' } as const;
  return failure(connect({ ...options, ...more }));
}

it('a server that does not tell its role is waited for no longer than the time-out', async () => {
  let release: () => void = () => {};
  const over = new Promise<void>((resolve) => {
    release = resolve;
  });
  await using server = await ScriptedServer.listen([TELLS_NOTHING, wait(over)]);
  const error = await refusal(server, { timeout: 250 });
  release();
  expect(error).toBeInstanceOf(TimeoutError);
  expect(error.message).toContain('asking for its role');
});

it('a connection that is lost before the server tells its role is a failure to connect', async () => {
  await using server = await ScriptedServer.listen([TELLS_NOTHING, close()]);
  const error = await refusal(server, {});
  expect(error).toBeInstanceOf(ConnectionFailureError);
  expect(error).toMatchObject({ safeToRetry: true });
});
