import { InternalClientError } from '../errors/client-errors.ts';
import { Room } from '../runtime/room.ts';
import type { Place } from './plain-forms.ts';

type Common = typeof import('./common-codecs.ts')['common'];
type Rare = typeof import('./rare-codecs.ts');

/** Arrays, numbers of any length, dates and times, JSON and bytes: `placeOf` says whether a type needs it. */
export const commonCodecs: Room<Common> = new Room(
  async () => (await import('./common-codecs.ts')).common,
);

/** All other types, and codecs that users set. It brings the common ones along. */
export const rareCodecs: Room<Rare> = new Room(async () => {
  await commonCodecs.open();
  return import('./rare-codecs.ts');
});

/** Whether the code of that place is there. */
export function isLoaded(place: Place): boolean {
  switch (place) {
    case 'plain':
      return true;
    case 'common':
      return commonCodecs.content !== null;
    case 'rare':
      return rareCodecs.content !== null;
  }
}

export function loadedCommon(): Common {
  const { content } = commonCodecs;
  if (content === null) throw new InternalClientError('common codecs are used and not loaded');
  return content;
}

export function loadedRare(): Rare {
  const { content } = rareCodecs;
  if (content === null) throw new InternalClientError('rare codecs are used and not loaded');
  return content;
}
