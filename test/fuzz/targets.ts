import { CODEC_TARGETS } from './codecs.ts';
import { configurationTargets } from './configuration.ts';
import { conversationTargets } from './conversations.ts';
import { PGOUTPUT_TARGETS } from './pgoutput.ts';
import { SCRAM_TARGETS } from './scram.ts';
import { SQL_TARGETS } from './sql.ts';
import type { Target } from './target.ts';
import { WIRE_TARGETS } from './wire.ts';

/** Everything that is fuzzed. `stop` ends what was started for it. */
export async function allTargets(): Promise<{ targets: readonly Target[]; stop(): void }> {
  const { targets, stop } = configurationTargets();
  return {
    targets: [
      ...WIRE_TARGETS,
      ...CODEC_TARGETS,
      ...PGOUTPUT_TARGETS,
      ...targets,
      ...SQL_TARGETS,
      ...SCRAM_TARGETS,
      ...(await conversationTargets()),
    ],
    stop,
  };
}
