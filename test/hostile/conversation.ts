import { type Connection, type ConnectOptions, connect } from '../../src/index.ts';
import { writeNoticeResponse } from '../../src/protocol/backend/response.ts';
import {
  writeNegotiateProtocolVersion,
  writeNotificationResponse,
  writeParameterStatus,
} from '../../src/protocol/backend/session.ts';
import { PROTOCOL_3_0 } from '../../src/protocol/frontend/startup.ts';
import { greeting, type PuppetResult } from '../support/fakes/puppet.ts';
import { type PuppetDelivery, PuppetStream } from '../support/fakes/puppet-stream.ts';
import { encoded } from '../support/fakes/scripted-connection.ts';

const INT4 = 23;
const TEXT = 25;

function int4(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeInt32BE(value);
  return bytes;
}

/** A table of results with which a conversation meets every message that a server sends. */
const RESULTS: Readonly<Record<string, PuppetResult>> = {
  'select rows': {
    columns: [
      ['id', INT4],
      ['name', TEXT],
    ],
    rows: [
      [int4(1), Buffer.from('eins')],
      [int4(2), null],
      [int4(-3), Buffer.from('drei — ünï')],
    ],
    aside: (writer) => {
      writeNoticeResponse(writer, { severity: 'WARNING', sqlstate: '01000', message: 'careful' });
      writeParameterStatus(writer, 'application_name', 'conversation');
      writeNotificationResponse(writer, { pid: 7, channel: 'news', payload: 'hello' });
    },
  },
  'select one': { parameters: [INT4], columns: [['id', INT4]], rows: [[int4(42)]] },
  'update two': { parameters: [INT4], tag: 'UPDATE 2' },
  'break rule': { error: ['23505', 'duplicate key'] },
  'COPY "items" TO STDOUT': { copyOut: [Buffer.from('1\n'), Buffer.from('2\n')] },
  'COPY "items" FROM STDIN': { copyIn: true },
};

/** The server that `converse` talks with; every message of its own passes `tamper`. */
export function conversationStream(delivery: PuppetDelivery = {}): PuppetStream {
  return new PuppetStream(
    {
      results: RESULTS,
      greeting: [
        encoded((writer) => writeNegotiateProtocolVersion(writer, PROTOCOL_3_0)),
        ...greeting(),
      ],
    },
    delivery,
  );
}

/** Options for a connection over a stream that is there already. */
export function over(stream: PuppetStream, options: ConnectOptions = {}): ConnectOptions {
  return {
    host: '192.0.2.1',
    user: 'ada',
    password: 'correct horse',
    database: 'shop',
    ssl: 'disable',
    timeout: 20_000,
    dial: () => stream,
    ...options,
  };
}

/** What became of one step of a conversation. */
export type Outcome = { readonly value: unknown } | { readonly error: unknown };

/** What became of a conversation: one outcome per step, and what was told on the side. */
export interface Conversation {
  readonly outcomes: ReadonlyMap<string, Outcome>;
  readonly asides: readonly string[];
  readonly connection: Connection | null;
}

type Talk = (connection: Connection) => Promise<unknown>;

const STEPS: Readonly<Record<string, Talk>> = {
  rows: async (connection) => (await connection.fetch('select rows')).map((row) => ({ ...row })),
  'rows again': async (connection) =>
    (await connection.fetch('select rows')).map((row) => ({ ...row })),
  value: (connection) => connection.fetchVal('select one', 1),
  pipeline: (connection) =>
    Promise.all([
      connection.fetchVal('select one', 1),
      connection.execute('update two', 2),
      connection.fetchVal('select one', 3),
    ]),
  'unnamed statement': (connection) =>
    connection.fetchVal({ text: 'select one', args: [1], prepare: false }),
  'server error': (connection) => connection.execute('break rule'),
  script: (connection) => connection.execute('select rows; update two'),
  'empty script': (connection) => connection.execute(''),
  'execute many': (connection) => connection.executeMany('update two', [[1], [2]]),
  batch: async (connection) =>
    (await connection.batch([{ text: 'select one', args: [1] }, 'select rows'])).map(
      ({ rows, tag }) => [rows.map((row) => ({ ...row })), tag],
    ),
  stream: async (connection) => {
    const rows: unknown[] = [];
    for await (const row of connection.stream('select rows')) rows.push({ ...row });
    return rows;
  },
  'copy out': async (connection) => {
    const chunks: Buffer[] = [];
    const tag = await connection.copyFromTable('items', {
      output: (chunk: Buffer) => {
        chunks.push(Buffer.from(chunk));
      },
    });
    return [tag, Buffer.concat(chunks).toString()];
  },
  'copy in': (connection) => connection.copyToTable('items', { source: [Buffer.from('1\n')] }),
  cursor: (connection) =>
    connection.transaction(async (tx) => {
      const cursor = tx.connection.cursor('select rows');
      const first = await cursor.fetch(2);
      await cursor.close();
      return first.map((row) => ({ ...row }));
    }),
};

/** Connects over the stream and takes every step, whatever becomes of the others. */
export async function converse(
  stream: PuppetStream,
  onStep: (step: string) => void = () => {},
): Promise<Conversation> {
  const outcomes = new Map<string, Outcome>();
  const asides: string[] = [];
  let connection: Connection;
  try {
    connection = await connect(
      over(stream, { minProtocolVersion: '3.0', maxProtocolVersion: '3.2' }),
    );
  } catch (error) {
    outcomes.set('connect', { error });
    return { outcomes, asides, connection: null };
  }
  connection.addLogListener((message) => asides.push(`log ${message.message}`));
  for (const [name, talk] of Object.entries(STEPS)) {
    onStep(name);
    try {
      outcomes.set(name, { value: await talk(connection) });
    } catch (error) {
      outcomes.set(name, { error });
    }
  }
  outcomes.set('setting', { value: connection.settings['application_name'] });
  if (!connection.isClosed) await connection.close();
  return { outcomes, asides, connection };
}

/** What became of every step, in a form that can be compared. */
export function told({ outcomes, asides }: Conversation): unknown {
  return [[...outcomes].map(([step, outcome]) => [step, inWords(outcome)]), asides];
}

export function inWords(outcome: Outcome): unknown {
  if ('value' in outcome) return outcome;
  const { error } = outcome;
  return error instanceof Error ? `${error.name}: ${error.message}` : error;
}

/** A message of the conversation, and where it stands. */
export interface Line {
  readonly index: number;
  readonly type: string;
  readonly message: Buffer;
  readonly step: string;
  /** What comes before it, so that the same type elsewhere is another line. */
  readonly context: string;
}

/** Every message of an unbroken conversation. */
export async function script(): Promise<Line[]> {
  const lines: Line[] = [];
  let step = 'connect';
  const stream = conversationStream({
    tamper: (message, index) => {
      const type = String.fromCharCode(message.readUInt8(0));
      const context = lines.slice(-2).map((line) => line.type);
      lines.push({ index, type, message: Buffer.from(message), step, context: context.join('') });
      return null;
    },
  });
  await converse(stream, (name) => {
    step = name;
  });
  return lines;
}

/** The first line of each type behind the same `depth` lines, e.g. DataRow behind BindComplete. */
export function distinct(lines: readonly Line[], depth: 1 | 2 = 2): Line[] {
  const seen = new Set<string>();
  return lines.filter(({ type, context }) => {
    const key = `${context.slice(-depth)} ${type}`;
    if (seen.has(key)) return false;
    seen.add(key);
    return true;
  });
}
