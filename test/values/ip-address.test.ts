import net from 'node:net';
import { expect, it } from 'vitest';
import { ipVersion, isLoopback } from '../../src/values/ip-address.ts';
import { Random } from '../support/samples/random.ts';

/** Pieces of which addresses are made, and some of which they are not. */
const PIECES = [
  ...['0', '1', '::', ':', '.', '127', '255', '256', '01', '00', '0000', 'ffff', 'FFFF', '12345'],
  ...['%eth0', '%', '%1', '::ffff:127.0.0.1', '1.2.3.4', '127.0.0.1', '127.0.0.01', '::1', '/'],
  ...['a', 'g', ' ', '\n', '0:0:0:0:0:0:0:1', '1:2:3:4:5:6:7', '1:2:3:4:5:6:7:8'],
];

const LOOPBACK = new net.BlockList();
LOOPBACK.addSubnet('127.0.0.0', 8, 'ipv4');
LOOPBACK.addAddress('::1', 'ipv6');

it("what is an address and what never leaves the machine is what Node's own parser says", () => {
  const random = new Random(7);
  const wrong: unknown[] = [];
  const found = { addresses: 0, loopback: 0 };
  for (let i = 0; i < 30_000; i++) {
    let text = '';
    for (let left = 1 + random.below(5); left > 0; left--) text += random.pick(PIECES);
    const version = net.isIP(text);
    const loopback = version !== 0 && LOOPBACK.check(text, version === 4 ? 'ipv4' : 'ipv6');
    if (ipVersion(text) !== version || isLoopback(text) !== loopback) wrong.push(text);
    if (version !== 0) found.addresses += 1;
    if (loopback) found.loopback += 1;
  }
  expect(wrong).toEqual([]);
  expect(found.addresses).toBeGreaterThan(1000);
  expect(found.loopback).toBeGreaterThan(100);
});
