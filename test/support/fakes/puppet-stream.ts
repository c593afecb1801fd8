import { FakeStream } from './fake-stream.ts';
import { Puppet, type PuppetOptions } from './puppet.ts';

/** What happens to a message on its way to the client. */
interface Delivery {
  /** Everything that the client gets in its place, each piece as a chunk of its own. */
  readonly chunks: readonly Uint8Array[];
  /** The server closes its side after it, or after all answers of the same flight. */
  readonly end?: boolean | 'after flight';
  /** The server says nothing any more after it. */
  readonly mute?: boolean;
}

/** Decides about the `index`th message of the server, counted from 0. Null: as it is. */
export type Tamper = (message: Buffer, index: number) => Delivery | null;

/** How the server's bytes get to the client. By default each flight of answers is one chunk. */
export interface PuppetDelivery {
  /** Each message is looked at, and is a chunk of its own. */
  readonly tamper?: Tamper;
  /** Each flight of answers is cut into chunks of so many bytes. */
  readonly chunkSize?: number;
}

/** A client's connection to a puppet. Pass `() => stream` as the option `dial`. */
export class PuppetStream extends FakeStream {
  readonly puppet: Puppet;
  readonly #delivery: PuppetDelivery;
  /** How many messages the puppet has sent. */
  #sent = 0;
  #mute = false;

  constructor(options: PuppetOptions = {}, delivery: PuppetDelivery = {}) {
    const puppet = new Puppet(options);
    super((_, chunk) => this.#answer(puppet.receive(chunk)));
    this.puppet = puppet;
    this.#delivery = delivery;
  }

  #answer(answers: readonly Buffer[]): void {
    if (this.#mute || answers.length === 0) return;
    const { tamper, chunkSize } = this.#delivery;
    if (tamper !== undefined) {
      this.say(...this.#tampered(tamper, answers));
      return;
    }
    const flight = Buffer.concat(answers);
    const size = chunkSize ?? flight.length;
    for (let at = 0; at < flight.length; at += size) this.say(flight.subarray(at, at + size));
  }

  #tampered(tamper: Tamper, answers: readonly Buffer[]): (Uint8Array | null)[] {
    const chunks: (Uint8Array | null)[] = [];
    let endsAfter = false;
    for (const answer of answers) {
      const delivery: Delivery = tamper(answer, this.#sent++) ?? { chunks: [answer] };
      chunks.push(...delivery.chunks);
      if (delivery.end === true) chunks.push(null);
      if (delivery.end === 'after flight') endsAfter = true;
      if (delivery.end === true || delivery.mute === true) {
        this.#mute = true;
        break;
      }
    }
    if (endsAfter) {
      this.#mute = true;
      chunks.push(null);
    }
    return chunks;
  }
}
