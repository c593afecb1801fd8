import { writeNotificationResponse } from '../../src/protocol/backend/session.ts';
import { CANCEL_REQUEST_CODE } from '../../src/protocol/frontend/startup.ts';
import { FakeStream } from '../support/fakes/fake-stream.ts';
import { Puppet, type PuppetResult } from '../support/fakes/puppet.ts';
import { encoded } from '../support/fakes/scripted-connection.ts';
import type { VirtualClock } from '../support/fakes/virtual-clock.ts';

const ECHO: PuppetResult = { parameters: [23], columns: [['echo', 23]], echo: true };

/** `echo` and `sleep <milliseconds>` give their argument back, the latter after that time. */
function resultOf(text: string): PuppetResult | undefined {
  return /^(?:echo|sleep \d+)$/.test(text) ? ECHO : undefined;
}

/** A server on a virtual clock: it may be up, refuse connections, or say nothing any more. */
export class SimulatedServer {
  state: 'up' | 'refusing' | 'silent' = 'up';
  /** Milliseconds until an answer arrives. */
  latency = 1;
  readonly streams = new Set<SimulatedStream>();
  /** Answers that are on their way. */
  timers = 0;
  /** Counts everything that happens. */
  activity = 0;
  readonly clock: VirtualClock;

  constructor(clock: (settled: () => Promise<void>) => VirtualClock) {
    this.clock = clock(() => this.#settled());
  }

  /** For the option `dial`. */
  readonly dial = (): SimulatedStream => {
    this.activity += 1;
    if (this.state === 'refusing') {
      throw Object.assign(new Error('connect ECONNREFUSED'), { code: 'ECONNREFUSED' });
    }
    const stream = this.makeStream();
    this.streams.add(stream);
    stream.once('close', () => this.streams.delete(stream));
    return stream;
  };

  protected makeStream(): SimulatedStream {
    return new SimulatedStream(this);
  }

  /** Sessions that the client has not closed, those that only cancel left out. */
  get sessions(): SimulatedStream[] {
    return [...this.streams].filter(({ isCancel, destroyed }) => !isCancel && !destroyed);
  }

  /** Every connection is lost. */
  crash(): void {
    for (const stream of [...this.streams]) stream.lose();
  }

  /** From now on nothing comes on the connections that there are, and nothing tells so. */
  fallSilent(): void {
    for (const stream of this.streams) stream.fallSilent();
  }

  notify(channel: string, payload: string): void {
    for (const stream of this.sessions) {
      if (stream.channels.has(channel)) stream.notify(channel, payload);
    }
  }

  later(delay: number, callback: () => void): void {
    this.timers += 1;
    this.clock.setTimer(delay, () => {
      this.timers -= 1;
      this.activity += 1;
      callback();
    });
  }

  /** Waits until nothing has happened for a few turns of the event loop. */
  async #settled(): Promise<void> {
    for (let calm = 0, seen = -1; calm < 5; calm++) {
      await new Promise(setImmediate);
      if (this.activity === seen) continue;
      seen = this.activity;
      calm = 0;
    }
  }
}

/** A client's connection to the simulated server. */
export class SimulatedStream extends FakeStream {
  isCancel = false;
  isSilent: boolean;
  /** What the session listens to. */
  readonly channels = new Set<string>();
  readonly #server: SimulatedServer;
  readonly #puppet: Puppet;
  /** When the last answer arrives: none overtakes another. */
  #dueAt = 0;

  constructor(server: SimulatedServer, results = resultOf) {
    super((_, chunk) => this.#hear(chunk));
    this.#server = server;
    this.#puppet = new Puppet({ results });
    this.isSilent = server.state === 'silent';
  }

  /** Nothing comes from it any more, and nothing tells so. */
  fallSilent(): void {
    this.isSilent = true;
  }

  lose(): void {
    this.destroy(Object.assign(new Error('read ECONNRESET'), { code: 'ECONNRESET' }));
  }

  notify(channel: string, payload: string): void {
    const bytes = encoded((writer) =>
      writeNotificationResponse(writer, { pid: 1, channel, payload }),
    );
    this.sayAfter(bytes, this.#server.latency);
  }

  override push(chunk: Buffer | null): boolean {
    this.#server.activity += 1;
    return super.push(chunk);
  }

  override _final(callback: (error?: Error | null) => void): void {
    callback();
    this.sayAfter(null, this.#server.latency);
  }

  #hear(chunk: Buffer): void {
    this.#server.activity += 1;
    this.isCancel ||= chunk.length === 16 && chunk.readInt32BE(4) === CANCEL_REQUEST_CODE;
    if (!this.isSilent) this.receive(chunk);
  }

  /** Answers what the client has sent. */
  protected receive(chunk: Buffer): void {
    const { executed } = this.#puppet;
    const before = executed.length;
    const answers = Buffer.concat(this.#puppet.receive(chunk));
    if (this.isCancel) {
      // It comes too late, as any may.
      this.sayAfter(null, this.#server.latency);
      return;
    }
    let delay = this.#server.latency;
    for (const text of executed.slice(before)) {
      delay += Number(/^sleep (\d+)$/.exec(text)?.[1] ?? 0);
      const listen = /^(UN)?LISTEN "(.*)"$/.exec(text);
      if (listen?.[1] === undefined && listen !== null) this.channels.add(listen[2]!);
      else if (listen !== null) this.channels.delete(listen[2]!);
    }
    if (answers.length > 0) this.sayAfter(answers, delay);
  }

  protected sayAfter(bytes: Buffer | null, delay: number): void {
    const now = this.#server.clock.now();
    this.#dueAt = Math.max(this.#dueAt, now + delay);
    this.#server.later(this.#dueAt - now, () => {
      if (!this.isSilent && !this.destroyed) this.say(bytes);
    });
  }
}
