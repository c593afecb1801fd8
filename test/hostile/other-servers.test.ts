import { describe, expect, test } from 'vitest';
import { type ConnectionFailureError, connect, ProtocolError } from '../../src/index.ts';
import { failure } from '../support/connections.ts';
import { close, expectStartup, ignoreRest, type Script, sendRaw } from '../support/fakes/script.ts';
import { ScriptedServer } from '../support/fakes/scripted-server.ts';
import { to } from './phases.ts';

const MODES = ['disable', 'prefer', 'require'] as const;

/** What servers say of their own accord. */
const GREETINGS: Readonly<Record<string, string>> = {
  SSH: 'SSH-2.0-OpenSSH_9.2p1 Debian-2\r\n',
  SMTP: '220 mail.example.org ESMTP\r\n',
  MySQL: '\x4a\0\0\0\x0a8.0.33\0',
};

/** What they answer to something that they do not understand. */
const ANSWERS: Readonly<Record<string, string>> = {
  HTTP: 'HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n',
  Redis: "-ERR unknown command '\0\0\0'\r\n",
  TLS: '\x15\x03\x01\0\x02\x02\x46',
};

type Case = readonly [server: string, ssl: (typeof MODES)[number], script: Script];

const cases: readonly Case[] = MODES.flatMap((ssl) => {
  const request = expectStartup(ssl === 'disable' ? 'StartupMessage' : 'SSLRequest');
  return [
    ...Object.entries(GREETINGS).map(
      ([name, text]): Case => [name, ssl, [sendRaw(Buffer.from(text, 'latin1')), ignoreRest()]],
    ),
    ...Object.entries(ANSWERS).map(
      ([name, text]): Case => [
        name,
        ssl,
        [request, sendRaw(Buffer.from(text, 'latin1')), close(), ignoreRest()],
      ],
    ),
  ];
});

describe('a server that cannot start a process for the connection', () => {
  const said = 'could not fork new process for connection: Resource temporarily unavailable';
  const script: Script = [sendRaw(`E${said}\n\0`), ignoreRest()];

  test('is told by its words, and is worth another try', async () => {
    await using server = await ScriptedServer.listen(script, { repeatLast: true });
    for (const ssl of ['disable', 'allow'] as const) {
      const error = await failure<ConnectionFailureError>(connect(to(server, { ssl })));
      expect(error.message).toBe(
        `${server.host}:${server.port} could not take the connection: ${said}`,
      );
      expect(error).toMatchObject({ sqlstate: '08006', isTransient: true, safeToRetry: true });
    }
  });

  test('is not told by words that could be anybody’s where TLS is asked for', async () => {
    await using server = await ScriptedServer.listen(script, { repeatLast: true });
    for (const ssl of ['prefer', 'require'] as const) {
      const error = await failure<ProtocolError>(connect(to(server, { ssl })));
      expect(error.message).toMatch(/with an error, as one does that cannot start a process/);
      expect(error.message).not.toContain(said);
      expect(error).toMatchObject({ isTransient: true, safeToRetry: true });
    }
  });
});

describe('a server of another kind', () => {
  test.for(cases)('fails the one attempt and is named: %s, ssl: %s', async ([, ssl, script]) => {
    await using server = await ScriptedServer.listen(script, { repeatLast: true });
    const error = await failure<ProtocolError>(connect(to(server, { ssl })));
    expect(error).toBeInstanceOf(ProtocolError);
    expect(error.message).toContain(`${server.host}:${server.port} does not speak PostgreSQL's`);
    expect(error.message).not.toContain('correct horse');
    expect(error.safeToRetry).toBe(true);
    expect(server.connections).toHaveLength(1);
  });

  test('is told with its place once where it is one of several hosts', async () => {
    await using server = await ScriptedServer.listen([sendRaw(GREETINGS['SSH']!), ignoreRest()]);
    const host = [`${server.host}:${server.port}`, '/nowhere'];
    const error = await failure<ConnectionFailureError>(
      connect(to(server, { host, port: undefined })),
    );
    expect(error.message.split(`${server.host}:${server.port}`)).toHaveLength(2);
    expect(error.message).toContain('/nowhere/.s.PGSQL.5432');
  });
});
