import type { ConnectConfig, HostConfig } from '../config/connect-config.ts';
import {
  InterfaceError,
  ProtocolError,
  UnsupportedClientFeatureError,
} from '../errors/client-errors.ts';
import { postgresErrorFrom } from '../errors/server-message.ts';
import type { Authentication } from '../protocol/backend/authentication.ts';
import { readAuthentication } from '../protocol/backend/authentication.ts';
import { readErrorResponse } from '../protocol/backend/response.ts';
import { readNegotiateProtocolVersion } from '../protocol/backend/session.ts';
import {
  writePasswordMessage,
  writeSaslInitialResponse,
  writeSaslResponse,
} from '../protocol/frontend/authentication.ts';
import { md5Password } from '../protocol/md5.ts';
import { Backend, describeMessageType } from '../protocol/message-type.ts';
import { type ScramChannelBinding, ScramClient } from '../protocol/scram.ts';
import { MessageWriter } from '../protocol/writer.ts';
import type { Transport } from '../transport/transport.ts';
import { serverEndPoint } from './channel-binding.ts';
import type { ScramKeyCache } from './scram-key-cache.ts';
import type { StartUpInbox, StartUpMessage } from './start-up-inbox.ts';

const SCRAM_MECHANISMS: ReadonlySet<string> = new Set(['SCRAM-SHA-256', 'SCRAM-SHA-256-PLUS']);

/** What authenticating needs to know. */
export interface AuthenticationParts {
  readonly config: ConnectConfig;
  readonly host: HostConfig;
  readonly transport: Transport;
  readonly inbox: StartUpInbox;
  readonly scramKeys: ScramKeyCache;
}

/** Sends messages as they are written. */
function send(transport: Transport, write: (writer: MessageWriter) => void): void {
  const writer = new MessageWriter(1024);
  write(writer);
  transport.write(writer.buffer.subarray(0, writer.offset));
}

/**
 * Answers the server's authentication requests until AuthenticationOk: at most one method,
 * which the options must allow, in the one order that the method has. Nothing else may come
 * before AuthenticationOk, so that nobody without the server's credentials gets a word in.
 *
 * PostgreSQL manual, "Start-up" and "SASL Authentication".
 */
export async function authenticate(parts: AuthenticationParts): Promise<void> {
  const { config } = parts;
  const request = await firstAuthentication(parts.inbox, config);
  checkPolicy(parts, request);
  switch (request.method) {
    case 'Ok':
      return;
    case 'CleartextPassword': {
      checkClearText(parts);
      const password = await requirePassword(parts, 'a password');
      send(parts.transport, (writer) => writePasswordMessage(writer, password));
      break;
    }
    case 'MD5Password': {
      const password = await requirePassword(parts, 'an MD5-hashed password');
      send(parts.transport, (writer) =>
        writePasswordMessage(writer, md5Password(config.user, password, request.salt)),
      );
      break;
    }
    case 'SASL':
      await authenticateSasl(parts, request.mechanisms);
      break;
    default:
      throw unsupported(request);
  }
  const last = await nextAuthentication(parts.inbox);
  if (last.method !== 'Ok') {
    throw new ProtocolError('the server asked for a second authentication');
  }
}

/** The first request, ahead of which the server may have to say which version it speaks. */
async function firstAuthentication(
  inbox: StartUpInbox,
  config: ConnectConfig,
): Promise<Authentication> {
  const message = await inbox.next();
  if (message.type !== Backend.NegotiateProtocolVersion) return authenticationIn(message);
  const { newestVersion, unrecognizedOptions } = readNegotiateProtocolVersion(message.reader);
  if (
    newestVersion >= config.maxProtocolVersion ||
    newestVersion < config.minProtocolVersion ||
    unrecognizedOptions.length > 0
  ) {
    throw new ProtocolError('the server negotiates a protocol version that was not offered');
  }
  return nextAuthentication(inbox);
}

async function nextAuthentication(inbox: StartUpInbox): Promise<Authentication> {
  return authenticationIn(await inbox.next());
}

function authenticationIn({ type, reader }: StartUpMessage): Authentication {
  switch (type) {
    case Backend.Authentication:
      return readAuthentication(reader);
    case Backend.ErrorResponse:
      throw postgresErrorFrom(readErrorResponse(reader), { safeToRetry: true });
    default:
      throw new ProtocolError(
        `the server sent message ${describeMessageType(type)} before authentication`,
      );
  }
}

/** Refuses, before any credential is sent, a method that the options do not allow. */
function checkPolicy({ config, transport }: AuthenticationParts, request: Authentication): void {
  const method = methodName(request);
  const { requireAuth } = config;
  if (requireAuth !== null && (method === null || !requireAuth.has(method))) {
    throw new InterfaceError(
      `the server asks for authentication ${method === null ? 'by another method' : `method "${method}"`}, which requireAuth does not allow`,
      { safeToRetry: true },
    );
  }
  if (config.channelBinding === 'require') {
    const offered = request.method === 'SASL' && request.mechanisms.includes('SCRAM-SHA-256-PLUS');
    if (!offered) {
      throw new InterfaceError('channel binding is required, but the server does not offer it', {
        safeToRetry: true,
      });
    }
    if (transport.tlsSocket === null) {
      throw new InterfaceError('channel binding is required, but the connection has no TLS', {
        safeToRetry: true,
      });
    }
  }
}

/** A password as it is goes only where nobody can read it on its way, or where that is asked for. */
function checkClearText({ config, host, transport }: AuthenticationParts): void {
  if (
    transport.tlsSocket !== null ||
    host.socketPath !== null ||
    transport.isLoopback ||
    config.requireAuth?.has('password')
  ) {
    return;
  }
  throw new InterfaceError(
    'the server asks for the password in clear text, over a connection without encryption',
    {
      hint: "Use TLS with the ssl option, or allow it with requireAuth: 'password'.",
      safeToRetry: true,
    },
  );
}

function methodName(request: Authentication) {
  switch (request.method) {
    case 'Ok':
      return 'none';
    case 'CleartextPassword':
      return 'password';
    case 'MD5Password':
      return 'md5';
    case 'GSS':
    case 'GSSContinue':
      return 'gss';
    case 'SSPI':
      return 'sspi';
    case 'SASL':
      if (request.mechanisms.some((name) => SCRAM_MECHANISMS.has(name))) return 'scram-sha-256';
      return request.mechanisms.includes('OAUTHBEARER') ? 'oauth' : null;
    default:
      return null;
  }
}

function unsupported(request: Authentication): Error {
  if (request.method === 'SASLContinue' || request.method === 'SASLFinal') {
    return new ProtocolError('the server sent a SASL message without having begun SASL');
  }
  const name = request.method === 'Unknown' ? `number ${request.code}` : request.method;
  return new UnsupportedClientFeatureError(
    `the server asks for the authentication method ${name}, which is not supported`,
    { safeToRetry: true },
  );
}

async function requirePassword(
  { config, host, inbox }: AuthenticationParts,
  what: string,
): Promise<string> {
  const password = await inbox.during(config.passwordFor(host));
  if (password === null || password === '') {
    throw new InterfaceError(
      `the server asks for ${what} of user ${JSON.stringify(config.user)}, but none was given`,
      {
        hint: 'Give it as the password option, in the DSN, in PGPASSWORD or in a password file.',
        safeToRetry: true,
      },
    );
  }
  return password;
}

async function authenticateSasl(
  parts: AuthenticationParts,
  mechanisms: readonly string[],
): Promise<void> {
  const channelBinding = chooseBinding(parts, mechanisms);
  const scram = new ScramClient({ channelBinding });
  if (!mechanisms.includes(scram.mechanism)) {
    throw new UnsupportedClientFeatureError(
      `the server offers the SASL mechanisms ${mechanisms.join(', ')}, none of which is supported`,
      { safeToRetry: true },
    );
  }
  const password = await requirePassword(parts, 'a password');
  send(parts.transport, (writer) =>
    writeSaslInitialResponse(writer, scram.mechanism, scram.clientFirst()),
  );
  const first = await nextAuthentication(parts.inbox);
  if (first.method !== 'SASLContinue') throw outOfOrder();
  const { salt, iterations } = scram.serverFirst(first.data);
  const keys = await parts.inbox.during(parts.scramKeys.keys(password, salt, iterations));
  send(parts.transport, (writer) => writeSaslResponse(writer, scram.clientFinal(keys)));
  const final = await nextAuthentication(parts.inbox);
  if (final.method !== 'SASLFinal') throw outOfOrder();
  scram.serverFinal(final.data);
}

function outOfOrder(): ProtocolError {
  return new ProtocolError('the server broke off the SASL exchange without proving its identity');
}

function chooseBinding(
  { config, transport }: AuthenticationParts,
  mechanisms: readonly string[],
): ScramChannelBinding {
  const { tlsSocket } = transport;
  if (tlsSocket === null || config.channelBinding === 'disable') return 'unsupported';
  if (!mechanisms.includes('SCRAM-SHA-256-PLUS')) return 'not-offered';
  const data = serverEndPoint(tlsSocket);
  if (data !== null) return { type: 'tls-server-end-point', data };
  if (config.channelBinding === 'require') {
    throw new InterfaceError(
      "channel binding is required, but the server's certificate has no hash to bind to",
      { safeToRetry: true },
    );
  }
  return 'unsupported';
}
