/**
 * AuthenticationOk and the authentication requests.
 *
 * PostgreSQL manual, sections 54.2.1 "Start-up", 54.3 "SASL Authentication" and 54.7.
 */
import { Backend } from '../message-type.ts';
import type { MessageReader } from '../reader.ts';
import type { MessageWriter } from '../writer.ts';

/**
 * An authentication request, named as in the manual without its `Authentication`. `Unknown`
 * is a method that this protocol's manual does not have; whoever gets it refuses it.
 */
export type Authentication =
  | { readonly method: 'Ok' }
  | { readonly method: 'KerberosV5' }
  | { readonly method: 'CleartextPassword' }
  | { readonly method: 'MD5Password'; readonly salt: Buffer }
  | { readonly method: 'GSS' }
  | { readonly method: 'GSSContinue'; readonly data: Buffer }
  | { readonly method: 'SSPI' }
  | { readonly method: 'SASL'; readonly mechanisms: readonly string[] }
  | { readonly method: 'SASLContinue'; readonly data: Buffer }
  | { readonly method: 'SASLFinal'; readonly data: Buffer }
  | { readonly method: 'Unknown'; readonly code: number };

const OK = 0;
const KERBEROS_V5 = 2;
const CLEARTEXT_PASSWORD = 3;
const MD5_PASSWORD = 5;
const GSS = 7;
const GSS_CONTINUE = 8;
const SSPI = 9;
const SASL = 10;
const SASL_CONTINUE = 11;
const SASL_FINAL = 12;

const MD5_SALT_LENGTH = 4;

/** Reads any message of type `R`. */
export function readAuthentication(reader: MessageReader): Authentication {
  const code = reader.int32();
  const authentication = readRequest(reader, code);
  reader.finish('Authentication');
  return authentication;
}

function readRequest(reader: MessageReader, code: number): Authentication {
  switch (code) {
    case OK:
      return { method: 'Ok' };
    case KERBEROS_V5:
      return { method: 'KerberosV5' };
    case CLEARTEXT_PASSWORD:
      return { method: 'CleartextPassword' };
    case MD5_PASSWORD:
      return { method: 'MD5Password', salt: reader.bytes(MD5_SALT_LENGTH) };
    case GSS:
      return { method: 'GSS' };
    case GSS_CONTINUE:
      return { method: 'GSSContinue', data: reader.rest() };
    case SSPI:
      return { method: 'SSPI' };
    case SASL:
      return { method: 'SASL', mechanisms: readMechanisms(reader) };
    case SASL_CONTINUE:
      return { method: 'SASLContinue', data: reader.rest() };
    case SASL_FINAL:
      return { method: 'SASLFinal', data: reader.rest() };
    default:
      reader.rest();
      return { method: 'Unknown', code };
  }
}

function readMechanisms(reader: MessageReader): string[] {
  const mechanisms: string[] = [];
  for (let name = reader.cstring(); name !== ''; name = reader.cstring()) mechanisms.push(name);
  if (mechanisms.length === 0) reader.fail('it offers no SASL mechanism');
  return mechanisms;
}

/** Writes any message of type `R`. */
export function writeAuthentication(writer: MessageWriter, authentication: Authentication): void {
  writer.begin(Backend.Authentication);
  switch (authentication.method) {
    case 'Ok':
      writer.int32(OK);
      break;
    case 'KerberosV5':
      writer.int32(KERBEROS_V5);
      break;
    case 'CleartextPassword':
      writer.int32(CLEARTEXT_PASSWORD);
      break;
    case 'MD5Password':
      writer.int32(MD5_PASSWORD);
      writer.bytes(authentication.salt);
      break;
    case 'GSS':
      writer.int32(GSS);
      break;
    case 'GSSContinue':
      writer.int32(GSS_CONTINUE);
      writer.bytes(authentication.data);
      break;
    case 'SSPI':
      writer.int32(SSPI);
      break;
    case 'SASL':
      writer.int32(SASL);
      for (const name of authentication.mechanisms) {
        writer.cstring(name, 'the name of a SASL mechanism');
      }
      writer.uint8(0);
      break;
    case 'SASLContinue':
      writer.int32(SASL_CONTINUE);
      writer.bytes(authentication.data);
      break;
    case 'SASLFinal':
      writer.int32(SASL_FINAL);
      writer.bytes(authentication.data);
      break;
    case 'Unknown':
      writer.int32(authentication.code);
      break;
    default:
      authentication satisfies never;
  }
  writer.end();
}
