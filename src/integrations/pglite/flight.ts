import { writeCopyFail } from '../../protocol/copy.ts';
import { readBind, readClose, readParse, readQuery } from '../../protocol/frontend/query.ts';
import { Frontend, HEADER_LENGTH } from '../../protocol/message-type.ts';
import { MessageReader } from '../../protocol/reader.ts';
import { answer } from './answers.ts';
import { effectsOf, NO_EFFECTS, type TextEffects } from './text-effects.ts';

/** What ends a COPY FROM STDIN that cannot be: without data, PGlite would end itself. */
const NO_DATA = answer((writer) =>
  writeCopyFail(writer, 'COPY FROM STDIN comes alone, in a Query'),
);

/** A statement as it was prepared, by its name. */
export type Statements = Map<string, TextEffects>;

/** What a client has sent up to a Sync, a Flush or a Query, and what is known of it. */
export class Flight {
  readonly messages: readonly Buffer[];
  readonly bytes: Buffer;
  readonly end: 'Sync' | 'Flush' | 'Query';
  readonly effects: TextEffects;
  /** What it has the backend read. */
  readonly texts: readonly string[];

  /** @param statements those that are prepared; kept up to date */
  constructor(messages: readonly Buffer[], statements: Statements) {
    this.messages = messages;
    const parts: Buffer[] = [];
    const effects: TextEffects[] = [];
    const texts: string[] = [];
    let takesData = false;
    let end: 'Sync' | 'Flush' | 'Query' = 'Flush';
    for (const message of messages) {
      const reader = new MessageReader(message, HEADER_LENGTH, message.length);
      // Up to the client's next Sync, as that of this flight would be taken for data.
      if (takesData && message[0] === Frontend.Sync) continue;
      parts.push(message);
      switch (message[0]) {
        case Frontend.Query: {
          const text = readQuery(reader);
          const found = effectsOf(text);
          texts.push(text);
          effects.push(found);
          if (found.takesData && (found.copyIn === null || messages.length > 1))
            parts.push(NO_DATA);
          end = 'Query';
          break;
        }
        case Frontend.Parse: {
          const { statement, text } = readParse(reader);
          statements.set(statement, effectsOf(text));
          texts.push(text);
          break;
        }
        case Frontend.Bind: {
          const found = statements.get(readBind(reader).statement) ?? NO_EFFECTS;
          if (found !== NO_EFFECTS) effects.push(found);
          break;
        }
        case Frontend.Execute:
          if (effects.at(-1)?.takesData !== true) break;
          parts.push(NO_DATA);
          takesData = true;
          break;
        case Frontend.Close: {
          const { target, name } = readClose(reader);
          if (target === 'S') statements.delete(name);
          break;
        }
        case Frontend.Sync:
          end = 'Sync';
          break;
      }
    }
    this.bytes = parts.length === 1 ? parts[0]! : Buffer.concat(parts);
    this.end = end;
    this.texts = texts;
    this.effects = effects.length === 1 ? effects[0]! : together(effects);
  }
}

function together(effects: readonly TextEffects[]): TextEffects {
  if (effects.length === 0) return NO_EFFECTS;
  return {
    copyIn: null,
    takesData: effects.some(({ takesData }) => takesData),
    listens: effects.flatMap(({ listens }) => listens),
    unlistens: effects.some(({ unlistens }) => unlistens === 'all')
      ? 'all'
      : effects.flatMap(({ unlistens }) => unlistens as readonly string[]),
    resets: effects.some(({ resets }) => resets),
  };
}
