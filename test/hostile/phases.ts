import type { ConnectOptions } from '../../src/index.ts';
import { writeAuthentication } from '../../src/protocol/backend/authentication.ts';
import {
  writeBindComplete,
  writeCommandComplete,
  writeDataRow,
  writeParameterDescription,
  writeParseComplete,
  writeRowDescription,
} from '../../src/protocol/backend/result.ts';
import { writeParameterStatus, writeReadyForQuery } from '../../src/protocol/backend/session.ts';
import {
  acceptStartup,
  expectMessage,
  expectStartup,
  type Script,
  send,
  sendRaw,
} from '../support/fakes/script.ts';
import type { ScriptedServer } from '../support/fakes/scripted-server.ts';

/** How far a server gets with start-up before something happens to it. */
export const START_UP_PHASES: Readonly<Record<string, Script>> = {
  'accept of the connection': [],
  StartupMessage: [expectStartup()],
  'half of a message': [expectStartup(), sendRaw(Buffer.from([0x52, 0, 0, 0]))],
  'a request for a password': [
    expectStartup(),
    send((writer) =>
      writeAuthentication(writer, { method: 'MD5Password', salt: Buffer.from('salt') }),
    ),
    expectMessage('PasswordMessage'),
  ],
  'the beginning of SASL': [
    expectStartup(),
    send((writer) =>
      writeAuthentication(writer, { method: 'SASL', mechanisms: ['SCRAM-SHA-256'] }),
    ),
    expectMessage('SASLInitialResponse'),
  ],
  AuthenticationOk: [
    expectStartup(),
    send((writer) => writeAuthentication(writer, { method: 'Ok' })),
  ],
  'some settings': [
    expectStartup(),
    send((writer) => {
      writeAuthentication(writer, { method: 'Ok' });
      writeParameterStatus(writer, 'server_version', '17.0');
    }),
  ],
};

const described = send((writer) => {
  writeParseComplete(writer);
  writeParameterDescription(writer, []);
  writeRowDescription(writer, [
    {
      name: 'one',
      typeOid: 23,
      tableOid: 0,
      columnNumber: 0,
      typeSize: 4,
      typeModifier: -1,
      format: 0,
    },
  ]);
  writeReadyForQuery(writer);
});

const prepared: Script = [
  acceptStartup(),
  expectMessage('Parse'),
  expectMessage('Describe'),
  expectMessage('Sync'),
];

const executed: Script = [
  ...prepared,
  described,
  expectMessage('Bind'),
  expectMessage('Execute'),
  expectMessage('Sync'),
];

/** How far a server gets with `fetch('select one')` before something happens to it. */
export const QUERY_PHASES: Readonly<Record<string, Script>> = {
  'the query’s Parse': prepared,
  'the description': executed,
  BindComplete: [...executed, send(writeBindComplete)],
  'a row': [
    ...executed,
    send((writer) => {
      writeBindComplete(writer);
      writeDataRow(writer, [Buffer.from([0, 0, 0, 1])]);
    }),
  ],
  'half of a row': [
    ...executed,
    send(writeBindComplete),
    sendRaw(Buffer.from([0x44, 0, 0, 0, 100, 0, 1])),
  ],
  CommandComplete: [
    ...executed,
    send((writer) => {
      writeBindComplete(writer);
      writeCommandComplete(writer, 'SELECT 0');
    }),
  ],
};

/** Options for a connection to a scripted server. */
export function to(server: ScriptedServer, options: ConnectOptions = {}): ConnectOptions {
  return {
    host: server.host,
    port: server.port,
    user: 'ada',
    password: 'correct horse',
    database: 'shop',
    ssl: 'disable',
    ...options,
  };
}
