import type { OAuthDiscovery } from '../../config/connect-config.ts';

/** The server has told where tokens come from: the next attempt will have one. */
export class OAuthDiscovered extends Error {
  readonly discovery: OAuthDiscovery;
  constructor(discovery: OAuthDiscovery) {
    super('the server was asked where tokens come from');
    this.discovery = discovery;
  }
}
