// What `npm run build` does to the code besides bundling it.
import type { Plugin } from 'rolldown';
import { compactSqlstateClasses } from './compact-sqlstate.ts';

/** The SQLSTATE classes are made by calls, which are shorter. */
export const compactClasses: Plugin = {
  name: 'compact-sqlstate',
  transform: {
    filter: { id: /errors[/\\]generated[/\\]sqlstate\.ts$/ },
    handler: (source) => ({ code: compactSqlstateClasses(source), map: null }),
  },
};

/** A source in which all is ASCII takes half the memory, and less time to read. */
export const asciiOnly: Plugin = {
  name: 'ascii-only',
  generateBundle(_, bundle) {
    for (const chunk of Object.values(bundle)) {
      if (chunk.type !== 'chunk') continue;
      // No line is moved, so the map stays.
      chunk.code = chunk.code.replace(
        /[^\0-\x7f]/g,
        (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`,
      );
    }
  },
};
