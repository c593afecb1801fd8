/** What is loaded for the options, files and errors that few configurations have: see `rareConfig`. */
// biome-ignore lint/performance/noBarrelFile: it is what one import() brings
export { addressListText, addressListValue } from './address-list.ts';
export { codecsValue } from './codecs-option.ts';
export { parseKeywords } from './dsn-keyword.ts';
export { hintForOption, hintForParameter } from './foreign-names.ts';
export { hostConfigs, hostProviderValue, hostsValue, PROVIDED } from './host-list.ts';
export { findPassword, readPassfile } from './passfile.ts';
export { parseRequireAuth } from './require-auth.ts';
export { loadService } from './service-file.ts';
export { SslFiles } from './ssl-files.ts';
export { tlsVersions, tlsVersionText } from './tls-versions.ts';
export {
  gssEncModeText,
  noOauth,
  noRequirePeer,
  noScramKeys,
  sslCertModeText,
} from './unsupported.ts';
