import net from 'node:net';
import { type Driver, type DriverConnection, UnsupportedWork } from '../driver.ts';

/*
 * No driver, but what every driver on this runtime pays at least: the same bytes go out in one
 * write for each query and come in, and nothing is decoded.
 */

/** Shared by all connections, as it is never looked at but for its end. */
const RECEIVE_BUFFER = Buffer.allocUnsafeSlow(64 * 1024);
/** As long as the command tag of a query and ReadyForQuery are at most. */
const LONGEST_END = 40;
const TAG = 'SELECT ';
const PROTOCOL = 0x30000;

function int32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeInt32BE(value);
  return bytes;
}

function int16(value: number): Buffer {
  return int32(value).subarray(2);
}

function message(type: string, ...parts: readonly (Buffer | string)[]): Buffer {
  const body = Buffer.concat(parts.map((part) => Buffer.from(part)));
  return Buffer.concat([Buffer.from(type), int32(body.length + 4), body]);
}

const SYNC = message('S');
const EXECUTE_AND_SYNC = Buffer.concat([message('E', '\0', int32(0)), SYNC]);

/** Bind of a statement, its arguments as text, its results binary. */
function bind(head: Buffer, args: readonly unknown[]): Buffer {
  const texts = args.map(String);
  const size = texts.reduce((sum, text) => sum + 4 + text.length, 0);
  const bytes = Buffer.allocUnsafe(head.length + size + 4 + EXECUTE_AND_SYNC.length);
  let at = head.copy(bytes);
  for (const text of texts) {
    at = bytes.writeInt32BE(text.length, at);
    at += bytes.write(text, at, 'latin1');
  }
  at = bytes.writeInt32BE(0x10001, at);
  bytes.writeInt32BE(at - 1, 1);
  EXECUTE_AND_SYNC.copy(bytes, at);
  return bytes;
}

async function open(dsn: string): Promise<DriverConnection> {
  const { hostname, port, username, pathname } = new URL(dsn);
  const parameters = `user\0${username}\0database\0${pathname.slice(1)}\0\0`;
  const heads = new Map<string, Buffer>();
  let whenReady: (rows: number) => void = () => {};
  const socket = net.connect({
    host: hostname,
    port: Number(port),
    noDelay: true,
    onread: {
      buffer: RECEIVE_BUFFER,
      callback: (length, bytes) => {
        // 'Z' is six bytes from the end of the last chunk: what it says there is read only then.
        if (bytes[length - 6] !== 0x5a || bytes[length - 1] !== 0x49) return true;
        const tail = (bytes as Buffer).toString(
          'latin1',
          Math.max(0, length - LONGEST_END),
          length,
        );
        whenReady(Number.parseInt(tail.slice(tail.lastIndexOf(TAG) + TAG.length), 10));
        return true;
      },
    },
  });
  const ask = (bytes: Buffer): Promise<number> =>
    new Promise((resolve, reject) => {
      whenReady = resolve;
      socket.once('error', reject);
      socket.write(bytes);
      socket.off('error', reject);
    });
  const start = Buffer.concat([int32(PROTOCOL), Buffer.from(parameters)]);
  await ask(Buffer.concat([int32(start.length + 4), start]));

  async function run(text: string, args: readonly unknown[]): Promise<number> {
    let head = heads.get(text);
    if (head === undefined) {
      const name = `s${heads.size}`;
      head = message('B', `\0${name}\0`, int16(0), int16(args.length));
      heads.set(text, head);
      await ask(Buffer.concat([message('P', `${name}\0${text}\0`, int16(0)), SYNC]));
    }
    return ask(bind(head, args));
  }

  return {
    fetch: async (text, args) => ({ length: await run(text, args) }),
    fetchRow: run,
    many: () => {
      throw new UnsupportedWork('executeMany');
    },
    close: async () => void socket.destroy(),
  };
}

export const driver: Driver = {
  version: process.versions.node,

  connect(dsn) {
    if (new URL(dsn).password !== '') throw new UnsupportedWork('passwords');
    return open(dsn);
  },

  pool() {
    throw new UnsupportedWork('a pool');
  },
};
