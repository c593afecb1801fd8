import { describe, expect, it } from 'vitest';
import { InvalidArgumentError } from '../../src/index.ts';
import { openChangeStream } from '../../src/replication/open-change-stream.ts';
import { type ChangeStreamOptions, streamSettings } from '../../src/replication/options.ts';

const of = (options: object): ChangeStreamOptions =>
  ({ slot: 'feed', publication: 'all_of_it', ...options }) as ChangeStreamOptions;

describe('the options of a change stream', () => {
  it('are taken in each of their shapes', () => {
    const slot = { name: 'feed', failover: true, twoPhase: true };
    expect(streamSettings(of({ slot }))).toMatchObject({ failover: true, twoPhase: true });
    const snapshot = { tables: ['a', 'b'], connections: 2 };
    expect(streamSettings(of({ snapshot }))).toMatchObject({ snapshot });
    const some = streamSettings(of({ messages: ['outbox'] }));
    expect([some.wantsMessage('outbox'), some.wantsMessage('o')]).toEqual([true, false]);
    expect(streamSettings(of({ publication: { name: 'p', tables: 'all' } }))).toMatchObject({
      publications: ['p'],
      publishes: 'all',
    });
  });

  it('have lists of their own: the caller may change what was given', () => {
    const [publication, tables, messages, wanted] = [['p'], ['a'], ['outbox'], ['t']];
    const list = streamSettings(of({ publication, messages, snapshot: { tables: wanted } }));
    const made = streamSettings(of({ publication: { name: 'p', tables } }));
    for (const given of [publication, tables, messages, wanted]) given.push('more');
    expect(list).toMatchObject({ publications: ['p'], snapshot: { tables: ['t'] } });
    expect(list.wantsMessage('more')).toBe(false);
    expect(made).toMatchObject({ publications: ['p'], publishes: ['a'] });
  });

  it('have no position that is a number', () => {
    const call = () => streamSettings(of({ startAfter: 5n as never }));
    expect(call).toThrow(/^expected a log position such as "16\/B374D848", got the type bigint/);
  });

  it('are read before anything is waited for', async () => {
    const options: Record<string, unknown> = { slot: 'Feed', publication: 'p' };
    const opening = openChangeStream('postgres://nobody@127.0.0.1:1/none', options as never);
    options['slot'] = 'feed';
    await expect(opening).rejects.toThrow(/"Feed" is not the name of a slot/);
  });

  it.each<[object, RegExp]>([
    [{ slot: { name: 'feed', failovr: true } }, /^slot has no option "failovr"/],
    [{ slot: { name: 'feed', failover: 'false' } }, /^slot.failover must be true or false/],
    [{ slot: { name: 'feed', twoPhase: 1 } }, /^slot.twoPhase must be true or false/],
    [{ publication: undefined }, /^publication must be a name, names or \{ name, tables \}/],
    [{ publication: 5 }, /^publication must be a name/],
    [{ publication: { name: 'p', table: ['a'] } }, /^publication has no option "table"/],
    [{ publication: { name: 'p', tables: 'a' } }, /^publication.tables must be names or 'all'/],
    [{ publication: { name: 'p', tables: [5] } }, /^publication.tables must be names or 'all'/],
    [{ snapshot: 'yes' }, /^snapshot must be true or false/],
    [{ snapshot: { tabels: ['a'] } }, /^snapshot has no option "tabels"/],
    [{ snapshot: { tables: 'users' } }, /^snapshot.tables must be names/],
    [{ snapshot: { connections: 1.5 } }, /^snapshot.connections must be a whole number above 0/],
    [{ startAfter: {} }, /^expected a log position such as "16\/B374D848", got the type object/],
    [{ signal: {} }, /^invalid signal: expected an AbortSignal/],
    [{ messages: 'outbox' }, /^messages must be true or false/],
    [{ messages: [5] }, /^messages must be true or false/],
    [{ streaming: 'parallel' }, /^streaming must be true or false/],
    [{ onGap: 5 }, /^onGap must be a function/],
    [{ onReconnect: 'x' }, /^onReconnect must be a function/],
    [{ onSlotWarning: {} }, /^onSlotWarning must be a function/],
  ])('refuse %j', (options, message) => {
    const call = () => streamSettings(of(options));
    expect(call).toThrow(InvalidArgumentError);
    expect(call).toThrow(message);
  });
});
