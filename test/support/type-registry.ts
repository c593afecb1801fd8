// The registry, with the codecs of rare types loaded: for tests that ask it for codecs at once, where a session
// would have loaded them before.
import { rareCodecs } from '../../src/codecs/rooms.ts';

await rareCodecs.open();

// biome-ignore lint/performance/noBarrelFile: whoever imports it has waited for the codecs
export { TypeRegistry } from '../../src/codecs/registry.ts';
