import { describe, expect, test } from 'vitest';
import {
  writeBind,
  writeClose,
  writeDescribe,
  writeExecute,
  writeFlush,
  writeParse,
  writeSync,
} from '../../../src/protocol/frontend/query.ts';
import { Backend } from '../../../src/protocol/message-type.ts';
import { MessageWriter } from '../../../src/protocol/writer.ts';
import { AwaitedAnswers } from '../../../src/session/requests/awaited-answers.ts';

const BIND = {
  portal: '',
  statement: 's',
  parameterFormats: [],
  parameters: [Buffer.alloc(300)],
  resultFormats: [],
};

function awaitedFor(write: (writer: MessageWriter) => void): AwaitedAnswers {
  const writer = new MessageWriter();
  writeSync(writer);
  const start = writer.offset;
  write(writer);
  const awaited = new AwaitedAnswers();
  awaited.add(writer, start);
  return awaited;
}

describe('the answers to a flight of messages', () => {
  test('are awaited in the order of the messages', () => {
    const awaited = awaitedFor((writer) => {
      writeClose(writer, 'S', 'old');
      writeParse(writer, 's', 'select $1');
      writeDescribe(writer, 'S', 's');
      writeBind(writer, BIND);
      writeDescribe(writer, 'P', '');
      writeExecute(writer, '');
      writeFlush(writer);
      writeSync(writer);
    });
    const order = [
      Backend.CloseComplete,
      Backend.ParseComplete,
      Backend.ParameterDescription,
      Backend.NoData,
      Backend.BindComplete,
      Backend.RowDescription,
      Backend.CommandComplete,
    ];
    expect(awaited.left).toBe(order.length);
    for (const [i, type] of order.entries()) {
      for (const other of Object.values(Backend)) {
        if (!substitutes(type).includes(other)) expect(awaited.take(other)).toBe(false);
      }
      expect(awaited.isExecuting).toBe(type === Backend.CommandComplete);
      expect(awaited.take(type)).toBe(true);
      expect(awaited.left).toBe(order.length - i - 1);
    }
    expect(awaited.isExecuting).toBe(false);
    expect(awaited.take(Backend.CommandComplete)).toBe(false);
  });

  test('may be any number, and more can be awaited while some are taken', () => {
    const writer = new MessageWriter();
    const awaited = new AwaitedAnswers();
    let written = 0;
    let taken = 0;
    const write = (count: number): void => {
      for (let i = 0; i < count; i++) {
        writer.offset = 0;
        writeBind(writer, BIND);
        writeExecute(writer, '');
        awaited.add(writer, 0);
        written += 2;
      }
    };
    const take = (count: number): void => {
      for (let i = 0; i < count; i++) {
        const type = taken % 2 === 0 ? Backend.BindComplete : Backend.CommandComplete;
        expect(awaited.take(type)).toBe(true);
        taken += 1;
      }
    };
    write(3);
    take(5);
    write(5000);
    take(7001);
    write(10);
    expect(awaited.left).toBe(written - taken);
    take(written - taken);
    expect(awaited.take(Backend.BindComplete)).toBe(false);
    write(1);
    take(2);
    expect(awaited.left).toBe(0);
  });

  test('are forgotten at an error', () => {
    const awaited = awaitedFor((writer) => {
      for (let i = 0; i < 20; i++) writeExecute(writer, '');
    });
    awaited.take(Backend.CommandComplete);
    awaited.clear();
    expect(awaited.left).toBe(0);
    expect(awaited.take(Backend.CommandComplete)).toBe(false);
  });
});

function substitutes(type: number): number[] {
  switch (type) {
    case Backend.CommandComplete:
      return [type, Backend.EmptyQueryResponse, Backend.PortalSuspended];
    case Backend.NoData:
    case Backend.RowDescription:
      return [Backend.NoData, Backend.RowDescription];
    default:
      return [type];
  }
}
