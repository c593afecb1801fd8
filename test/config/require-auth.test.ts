import { describe, expect, it } from 'vitest';
import { refusal, resolve } from './support.ts';

describe('requireAuth', () => {
  it.each([
    ['scram-sha-256', ['scram-sha-256']],
    ['password,md5', ['password', 'md5']],
    ['scram-sha-256, none', ['scram-sha-256', 'none']],
    ['none', ['none']],
    ['!none', ['password', 'md5', 'gss', 'sspi', 'scram-sha-256', 'oauth']],
    ['!password,!md5', ['gss', 'sspi', 'scram-sha-256', 'oauth', 'none']],
  ])('%s leaves %j', (requireAuth, methods) => {
    expect([...(resolve({ options: { requireAuth } }).requireAuth ?? [])]).toEqual(methods);
  });

  it.each([
    ['password', true],
    ['md5,password', true],
    ['md5', false],
    ['!md5', false],
  ])('%s allows a password in clear text anywhere: %s', (requireAuth, allowed) => {
    expect(resolve({ options: { requireAuth } }).allowsClearText).toBe(allowed);
  });

  it('is any method by default', () => {
    expect(resolve({}).requireAuth).toBeNull();
  });

  it.each([
    ['md5,!password', 'mixed'],
    ['!md5,password', 'mixed'],
    ['md5,md5', 'more than once'],
    ['!md5,!md5', 'more than once'],
    ['md5,', 'comma-separated list'],
    ['!', 'comma-separated list'],
    ['!!md5', 'comma-separated list'],
    ['SCRAM-SHA-256', 'comma-separated list'],
    ['kerberos', 'got "kerberos"'],
  ])('%s is refused', (requireAuth, problem) => {
    expect(refusal({ options: { requireAuth } }).message).toContain(problem);
    expect(refusal({ env: { PGREQUIREAUTH: requireAuth } }).message).toMatch(
      /^requireAuth \(from PGREQUIREAUTH\): /,
    );
  });
});
