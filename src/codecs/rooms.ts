import { Room } from '../runtime/room.ts';

type Common = typeof import('./common-codecs.ts')['common'];

/** Arrays, numbers of any length, dates and times, JSON and bytes: `placeOf` says whether a type needs it. */
export const commonCodecs: Room<Common> = new Room(
  async () => (await import('./common-codecs.ts')).common,
);

/** All other types, and codecs that users set. It brings the common ones along. */
export const rareCodecs: Room<typeof import('./rare-codecs.ts')> = new Room(async () => {
  await commonCodecs.open();
  return import('./rare-codecs.ts');
});
