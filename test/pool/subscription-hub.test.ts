import { expect, it } from 'vitest';
import { contextFor } from '../../src/client/connect.ts';
import { resolveConfig } from '../../src/config/resolve.ts';
import { SubscriptionHub } from '../../src/pool/subscription-hub.ts';
import { writeNotificationResponse } from '../../src/protocol/backend/session.ts';
import { Backend } from '../../src/protocol/message-type.ts';
import { PuppetStream, type Tamper } from '../support/fakes/puppet-stream.ts';
import { encoded } from '../support/fakes/scripted-connection.ts';
import { settle, VirtualClock } from '../support/fakes/virtual-clock.ts';

/** Lets the client in and says nothing more. */
const fallSilent: Tamper = (message) =>
  message[0] === Backend.ReadyForQuery ? { chunks: [message], mute: true } : null;

/** As where a name has no form in the encoding of the database. */
const noSuchCharacter = { error: ['22P05', 'no such character'] } as const;

/** As a standby answers LISTEN. */
const inRecovery = { error: ['25006', 'cannot execute LISTEN during recovery'] } as const;

/** A hub whose connections fall silent as it is told, or are refused, in their order. */
function hubOver(
  fates: readonly (boolean | 'refused' | 'standby')[],
  asked = (_text: string) => {},
) {
  let dials = 0;
  const clock = new VirtualClock();
  const streams: PuppetStream[] = [];
  const config = resolveConfig(undefined, {
    host: 'nowhere',
    user: 'ada',
    database: 'shop',
    ssl: 'disable',
    dial: () => {
      const fate = fates[dials++] ?? false;
      const results = (text: string) => {
        asked(text);
        if (fate === 'standby') return inRecovery;
        return text === 'LISTEN "€"' ? noSuchCharacter : undefined;
      };
      if (fate === 'refused') throw new Error('refused');
      const stream = new PuppetStream({ results }, fate === true ? { tamper: fallSilent } : {});
      streams.push(stream);
      return stream;
    },
  });
  return { hub: new SubscriptionHub({ ...contextFor(config), clock }), clock, streams };
}

/** A subscription, and how many gaps it was told of. */
async function countingGaps(hub: SubscriptionHub) {
  let gaps = 0;
  const subscription = await hub.subscribe(
    'news',
    () => {},
    () => {
      gaps += 1;
    },
  );
  return { subscription, gaps: () => gaps };
}

async function allSettled(): Promise<void> {
  for (let turn = 0; turn < 20; turn++) await settle();
}

it('listens once to each channel of the subscriptions that open the connection', async () => {
  const { hub, streams } = hubOver([]);
  const listen = (channel: string) => hub.subscribe(channel, () => {}, null);
  await Promise.all(['first', 'second', 'third'].map(listen));
  await expect(listen('€')).rejects.toMatchObject({ message: 'no such character' });
  await listen('fourth');
  expect(streams).toHaveLength(1);
  expect(streams[0]!.puppet.executed).toEqual([
    'LISTEN "first"',
    'LISTEN "second"',
    'LISTEN "third"',
    'LISTEN "€"',
    'LISTEN "fourth"',
  ]);
  await hub.close();
});

it('tells who opens the connection what the server has against his channel', async () => {
  const { hub, streams } = hubOver([]);
  const [refused, subscription] = await Promise.allSettled([
    hub.subscribe('€', () => {}, null),
    hub.subscribe('news', () => {}, null),
  ]);
  expect(refused).toMatchObject({ reason: { message: 'no such character' } });
  expect(subscription.status).toBe('fulfilled');
  expect(streams[0]!.puppet.executed.filter((text) => text === 'LISTEN "news"')).toHaveLength(1);
  await hub.close();
});

it('a subscription to a server that does not answer LISTEN fails with the heartbeat', async () => {
  const { hub, clock, streams } = hubOver([true]);
  const outcome = hub.subscribe('news', () => {}, null).catch((error: unknown) => error);
  await allSettled();
  await clock.advance(60_000);
  expect(streams).toHaveLength(1);
  expect(streams[0]!.destroyed).toBe(true);
  expect(await outcome).toMatchObject({ name: 'ConnectionDoesNotExistError' });
  await hub.close();
});

it('a server that does not answer when it is listened to again is left for a new connection', async () => {
  const { hub, clock, streams } = hubOver([false, true, false]);
  const { subscription, gaps } = await countingGaps(hub);
  streams[0]!.say(null);
  await allSettled();
  expect(streams).toHaveLength(2);
  await clock.advance(60_000);
  await allSettled();
  expect(streams[1]!.destroyed).toBe(true);
  expect(streams).toHaveLength(3);
  expect(gaps()).toBe(1);
  await subscription.close();
  await hub.close();
});

it('a notification that came before the gap is not told after it', async () => {
  const { hub, streams } = hubOver([]);
  const told: string[] = [];
  const subscription = await hub.subscribe(
    'news',
    ({ payload }) => void told.push(payload),
    () => void told.push('gap'),
  );
  const notification = (payload: string) =>
    encoded((writer) => writeNotificationResponse(writer, { pid: 1, channel: 'news', payload }));
  // The connection ends over the message that comes with it.
  streams[0]!.say(Buffer.concat([notification('1'), Buffer.from('!\0\0\0\0')]));
  await allSettled();
  streams[1]!.say(notification('3'));
  await allSettled();
  expect(told).toEqual(['1', 'gap', '3']);
  await subscription.close();
  await hub.close();
});

it.each(['close', 'terminate'] as const)(
  '%s does not leave a connection open on which LISTEN is not answered',
  async (end) => {
    const { hub, streams } = hubOver([true, true]);
    const outcome = hub.subscribe('news', () => {}, null).catch((error: unknown) => error);
    await allSettled();
    await hub[end]();
    await allSettled();
    expect(streams.map(({ destroyed }) => destroyed)).toEqual([true]);
    expect(await outcome).toMatchObject({ message: 'the pool is closed', safeToRetry: true });
  },
);

it('a subscription that is closed while it comes back leaves no connection open', async () => {
  const { hub, streams } = hubOver([false, true]);
  const subscription = await hub.subscribe('news', () => {}, null);
  streams[0]!.say(null);
  await allSettled();
  await subscription.close();
  await allSettled();
  expect(streams.map(({ destroyed }) => destroyed)).toEqual([true, true]);
  await hub.close();
});

it('a channel that the server refuses fails alone, also while the connection is opened or comes back', async () => {
  const { hub, streams } = hubOver([]);
  const listen = async (channel: string) => await hub.subscribe(channel, () => {}, null);
  const together = () => Promise.allSettled([listen('€'), listen('news'), listen('€')]);
  const expected = ['rejected', 'fulfilled', 'rejected'];
  expect((await together()).map(({ status }) => status)).toEqual(expected);
  streams[0]!.say(null);
  await settle();
  expect((await together()).map(({ status }) => status)).toEqual(expected);
  expect(streams).toHaveLength(2);
  await hub.close();
});

it('who subscribes while the connection is away waits for one attempt, and is told if that fails', async () => {
  const { hub, clock, streams } = hubOver([false, 'refused', 'refused', 'refused', false]);
  const { gaps } = await countingGaps(hub);
  streams[0]!.say(null);
  await allSettled();
  const outcome = hub.subscribe('late', () => {}, null).catch((error: unknown) => error);
  await clock.advance(100);
  await allSettled();
  expect(await Promise.race([outcome, 'waits'])).toMatchObject({
    name: 'ConnectionFailureError',
    safeToRetry: true,
  });
  expect(streams).toHaveLength(1);
  await clock.advance(1000);
  await allSettled();
  expect(gaps()).toBe(1);
  expect(streams[1]!.puppet.executed).toEqual(['LISTEN "news"']);
  await hub.subscribe('late', () => {}, null);
  await hub.close();
});

it('warns once for each loss of a connection that is refused for what does not pass, and tries on', async () => {
  const warnings: string[] = [];
  const onWarning = ({ name, message }: Error): void => {
    if (name === 'AsyncpgListenWarning') warnings.push(message);
  };
  process.on('warning', onWarning);
  try {
    const { hub, clock, streams } = hubOver([
      ...([false, 'refused', 'standby', 'standby', 'standby', false] as const),
      ...(['refused', 'refused', false, 'standby', 'standby', false] as const),
    ]);
    const { gaps } = await countingGaps(hub);
    // How long it waits from one attempt to the next is partly chance.
    const loseOne = async (): Promise<void> => {
      const before = gaps();
      streams.at(-1)!.say(null);
      for (let i = 0; i < 100 && gaps() === before; i++) {
        await allSettled();
        await clock.advance(2_000);
      }
      await allSettled();
    };
    await loseOne();
    expect(gaps()).toBe(1);
    const told = expect.stringMatching(/: cannot execute LISTEN during recovery\. It is tried on/);
    expect(warnings).toEqual([told]);
    // What passes by itself is not told.
    await loseOne();
    expect(gaps()).toBe(2);
    expect(warnings).toEqual([told]);
    await loseOne();
    expect(gaps()).toBe(3);
    expect(warnings).toEqual([told, told]);
    await hub.close();
  } finally {
    process.off('warning', onWarning);
  }
});

it('a channel that is closed while others are listened to again is left', async () => {
  const { hub, streams } = hubOver([], (text) => {
    if (streams.length === 2 && text === 'LISTEN "second"') void first.close();
  });
  const first = await hub.subscribe('first', () => {}, null);
  await hub.subscribe('second', () => {}, null);
  streams[0]!.say(null);
  await allSettled();
  expect(streams[1]!.puppet.executed).toEqual([
    'LISTEN "first"',
    'LISTEN "second"',
    'UNLISTEN "first"',
  ]);
  await hub.close();
});

it('a connection that is lost whenever it has come back is not opened again in a rush', async () => {
  const { hub, clock, streams } = hubOver([]);
  await hub.subscribe('news', () => {}, null);
  for (let loss = 0; loss < 20; loss++) {
    streams.at(-1)!.say(null);
    await allSettled();
    await clock.advance(10);
  }
  expect(streams.length).toBeLessThan(5);
  await clock.advance(10_000);
  await allSettled();
  expect(streams.at(-1)!.destroyed).toBe(false);
  await hub.close();
});
