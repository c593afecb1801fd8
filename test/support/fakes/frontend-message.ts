import { readCopyData, readCopyFail } from '../../../src/protocol/copy.ts';
import {
  readPasswordMessage,
  readSaslInitialResponse,
  readSaslResponse,
} from '../../../src/protocol/frontend/authentication.ts';
import {
  readBind,
  readClose,
  readDescribe,
  readExecute,
  readParse,
  readQuery,
} from '../../../src/protocol/frontend/query.ts';
import { Frontend } from '../../../src/protocol/message-type.ts';
import { MessageReader } from '../../../src/protocol/reader.ts';

function bare(name: string): (reader: MessageReader) => Record<never, never> {
  return (reader) => {
    reader.finish(name);
    return {};
  };
}

/** How a server reads each message of a client. Three of them share the type byte `p`. */
const DECODERS = {
  Bind: { type: Frontend.Bind, read: readBind },
  Close: { type: Frontend.Close, read: readClose },
  CopyData: {
    type: Frontend.CopyData,
    read: (reader: MessageReader) => ({ data: readCopyData(reader) }),
  },
  CopyDone: { type: Frontend.CopyDone, read: bare('CopyDone') },
  CopyFail: {
    type: Frontend.CopyFail,
    read: (reader: MessageReader) => ({ reason: readCopyFail(reader) }),
  },
  Describe: { type: Frontend.Describe, read: readDescribe },
  Execute: { type: Frontend.Execute, read: readExecute },
  Flush: { type: Frontend.Flush, read: bare('Flush') },
  Parse: { type: Frontend.Parse, read: readParse },
  PasswordMessage: {
    type: Frontend.PasswordMessage,
    read: (reader: MessageReader) => ({ password: readPasswordMessage(reader) }),
  },
  Query: {
    type: Frontend.Query,
    read: (reader: MessageReader) => ({ text: readQuery(reader) }),
  },
  SASLInitialResponse: { type: Frontend.PasswordMessage, read: readSaslInitialResponse },
  SASLResponse: {
    type: Frontend.PasswordMessage,
    read: (reader: MessageReader) => ({ data: readSaslResponse(reader) }),
  },
  Sync: { type: Frontend.Sync, read: bare('Sync') },
  Terminate: { type: Frontend.Terminate, read: bare('Terminate') },
} as const;

/** The name of a message that a client sends after start-up. */
export type FrontendMessageName = keyof typeof DECODERS;

/** What a message of the given name holds. */
export type FrontendMessage<Name extends FrontendMessageName> = ReturnType<
  (typeof DECODERS)[Name]['read']
>;

const NAME_BY_TYPE = new Map<number, FrontendMessageName>(
  Object.entries(Frontend).map(([name, type]) => [type, name as FrontendMessageName]),
);

/** The type byte of a message. */
export function frontendType(name: FrontendMessageName): number {
  return DECODERS[name].type;
}

/** The name that goes with a type byte: PasswordMessage for all that share its `p`. */
export function frontendName(type: number): FrontendMessageName | undefined {
  return NAME_BY_TYPE.get(type);
}

/** Decodes a body as the message of the given name. Throws ProtocolError when it is not one. */
export function decodeFrontendMessage<Name extends FrontendMessageName>(
  name: Name,
  body: Buffer,
): FrontendMessage<Name> {
  const reader = new MessageReader(body, 0, body.length);
  return DECODERS[name].read(reader) as FrontendMessage<Name>;
}
