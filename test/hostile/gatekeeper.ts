import {
  type Authentication,
  writeAuthentication,
} from '../../src/protocol/backend/authentication.ts';
import { writeErrorResponse, writeNoticeResponse } from '../../src/protocol/backend/response.ts';
import {
  writeBackendKeyData,
  writeNegotiateProtocolVersion,
  writeParameterStatus,
  writeReadyForQuery,
} from '../../src/protocol/backend/session.ts';
import { PROTOCOL_3_0, PROTOCOL_3_2 } from '../../src/protocol/frontend/startup.ts';
import type { MessageWriter } from '../../src/protocol/writer.ts';
import { FakeStream } from '../support/fakes/fake-stream.ts';
import { greeting, messagesOf } from '../support/fakes/puppet.ts';
import { ScramServer, saltedPassword } from '../support/fakes/scram-server.ts';
import { encoded } from '../support/fakes/scripted-connection.ts';

export const PASSWORD = 'correct horse battery staple';
const SALTED = saltedPassword(PASSWORD);

/** What a server may say at start-up. */
export const ALPHABET = [
  'Ok',
  'Cleartext',
  'MD5',
  'SASL',
  'Continue',
  'Final',
  'FalseFinal',
  'GSS',
  'SSPI',
  'Kerberos',
  'Unknown',
  'Z',
  'K',
  'S',
  'N',
  'E',
  'v',
  'v3.2',
] as const;
export type Word = (typeof ALPHABET)[number];

/** The only ways in; what they begin with is answered, everything else ends the connection. */
export const ACCEPTED: readonly (readonly Word[])[] = [
  ['Ok'],
  ['Cleartext', 'Ok'],
  ['MD5', 'Ok'],
  ['SASL', 'Continue', 'Final', 'Ok'],
].flatMap((way) => [way, ['v', ...way]] as Word[][]);

export function isAccepted(sequence: readonly Word[]): boolean {
  return ACCEPTED.some((way) => way.join() === sequence.join());
}

export function mayBeAccepted(sequence: readonly Word[]): boolean {
  return ACCEPTED.some((way) => way.slice(0, sequence.length).join() === sequence.join());
}

const ANSWERED: ReadonlySet<Word> = new Set(['Cleartext', 'MD5', 'SASL', 'Continue']);

/** What follows AuthenticationOk. A client that is in after it was let in by the sequence. */
export const AFTER = greeting().slice(1);

/** The server's side of one connection. */
export class Gatekeeper {
  readonly stream = new FakeStream();
  readonly #scram = new ScramServer(SALTED);

  /** What the client has sent after StartupMessage. */
  get answers(): Buffer[] {
    const { received } = this.stream;
    if (received.length < 4) return [];
    return messagesOf(received.subarray(received.readInt32BE(0)));
  }

  /** One message, of the SASL exchange as far as the client goes along with it. */
  encode(word: Word): Buffer {
    return encoded((writer) => this.#write(writer, word));
  }

  #write(writer: MessageWriter, word: Word): void {
    switch (word) {
      case 'Z':
        writeReadyForQuery(writer);
        break;
      case 'K':
        writeBackendKeyData(writer, 1, Buffer.from('key!'));
        break;
      case 'S':
        writeParameterStatus(writer, 'server_version', '17.0');
        break;
      case 'N':
        writeNoticeResponse(writer, { severity: 'NOTICE', message: 'psst' });
        break;
      case 'E':
        writeErrorResponse(writer, { severity: 'FATAL', sqlstate: '28P01', message: 'no' });
        break;
      case 'v':
        writeNegotiateProtocolVersion(writer, PROTOCOL_3_0);
        break;
      case 'v3.2':
        writeNegotiateProtocolVersion(writer, PROTOCOL_3_2);
        break;
      default:
        writeAuthentication(writer, this.#authentication(word));
    }
  }

  #authentication(word: Exclude<Word, 'Z' | 'K' | 'S' | 'N' | 'E' | 'v' | 'v3.2'>): Authentication {
    switch (word) {
      case 'Ok':
        return { method: 'Ok' };
      case 'Cleartext':
        return { method: 'CleartextPassword' };
      case 'MD5':
        return { method: 'MD5Password', salt: Buffer.from('salt') };
      case 'SASL':
        return { method: 'SASL', mechanisms: ['SCRAM-SHA-256'] };
      case 'Continue':
        return { method: 'SASLContinue', data: this.#continue() };
      case 'Final':
        return { method: 'SASLFinal', data: this.#final() };
      case 'FalseFinal':
        return {
          method: 'SASLFinal',
          data: Buffer.from(`v=${Buffer.alloc(32).toString('base64')}`),
        };
      case 'GSS':
        return { method: 'GSS' };
      case 'SSPI':
        return { method: 'SSPI' };
      case 'Kerberos':
        return { method: 'KerberosV5' };
      case 'Unknown':
        return { method: 'Unknown', code: 99 };
      default:
        return word satisfies never;
    }
  }

  #continue(): Buffer {
    const clientFirst = this.answers[0]?.toString('latin1') ?? '';
    const at = clientFirst.search(/[nyp],,n=/);
    return Buffer.from(this.#scram.first(at < 0 ? 'n,,n=,r=x' : clientFirst.slice(at)));
  }

  #final(): Buffer {
    const clientFinal = this.answers[1]?.subarray(5).toString('latin1');
    return Buffer.from(clientFinal === undefined ? 'v=' : this.#scram.final(clientFinal));
  }

  /** Says one after the other, as the client goes along. */
  async converse(sequence: readonly Word[], after: readonly Buffer[] = AFTER): Promise<void> {
    for (const word of sequence) {
      const before = this.answers.length;
      this.stream.say(this.encode(word));
      do await new Promise(setImmediate);
      while (!this.stream.destroyed && ANSWERED.has(word) && this.answers.length === before);
    }
    this.stream.say(...after);
  }
}
