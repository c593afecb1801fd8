import { type Alternative, NotKnown } from './alternatives.ts';
import { shownConditions } from './conditions.ts';
import { quoted } from './helpers.ts';
import { QueryText } from './query-text.ts';

/** A text that a query can have. */
export interface Variant {
  readonly text: QueryText;
  /** In which case it has it: `when name === undefined, not isActive`; null for the only one. */
  readonly when: string | null;
  /** Of a template: for each value in it which parameter it becomes, null for a fragment. */
  readonly holes: readonly (number | null)[];
}

/** A table's alias: a name with AS, or one that is no keyword that may follow a table. */
const ALIAS =
  /^\s+(?:as\b|(?!(?:where|join|left|right|inner|full|cross|natural|on|using|group|order|having|limit|offset|fetch|union|intersect|except|window|for|returning|set|tablesample|when)\b)["\p{L}_])/iu;

/** What the driver puts in front of a table with a name of its own that is given another. */
export const OF_TABLE = '(SELECT * FROM ';

/** `INSERT INTO t (a, b)`, at the end of a text. */
const COLUMNS =
  /\bINSERT\s+INTO\s+[^()]+\(([^()]+)\)\s*(?:OVERRIDING\s+\w+\s+VALUE\s*)?(?:VALUES\s*)?\($/i;

/**
 * The text of an alternative, each value the next parameter.
 *
 * @param values how many values the template has
 * @param rename what the program's `transform` makes of the names of columns in lists
 */
export function variantOf(
  { parts, when }: Alternative,
  values: number,
  rename: (name: string) => string,
): Variant | NotKnown {
  const text = new QueryText();
  const holes: (number | null)[] = Array.from({ length: values }, () => null);
  let parameters = 0;
  for (const [index, part] of parts.entries()) {
    const { place } = part;
    switch (part.is) {
      case 'value':
        parameters += 1;
        text.addMade(`$${parameters}`, place);
        if (part.hole !== undefined) holes[part.hole] = parameters;
        break;
      case 'text': {
        const { keyword } = part;
        if (part.isWritten) text.add(part.text, place);
        else if (keyword === undefined || endsWith(text.value, keyword))
          text.addMade(part.text, place);
        else text.addMade(`${keyword} ${part.text}`, place);
        break;
      }
      case 'column':
        text.addMade(quoted(rename(part.name)), place);
        break;
      case 'values-of-columns': {
        const columns = COLUMNS.exec(text.value)?.[1]?.split(',').length;
        if (columns === undefined) {
          return new NotKnown(
            `the columns of ${part.shown} are only known when the program runs`,
            place,
          );
        }
        const first = parameters + 1;
        parameters += columns;
        const list = Array.from({ length: columns }, (_, each) => `$${first + each}`);
        text.addMade(list.join(', '), place);
        break;
      }
      default: {
        const end =
          part.is === 'table-end'
            ? index
            : parts.findIndex((each, at) => at > index && each.is === 'table-end');
        const behind = parts[end + 1];
        const isNamed = behind?.is === 'text' && ALIAS.test(behind.text);
        if (isNamed) text.addMade(part.is === 'table' ? OF_TABLE : ')', place);
      }
    }
  }
  const cases = shownConditions(when);
  return { text, when: cases.length === 0 ? null : `when ${cases.join(', ')}`, holes };
}

function endsWith(text: string, keyword: string): boolean {
  return new RegExp(`(?:,|(?<![\\w$".\\u0080-\\uffff])${keyword})\\s*$`, 'i').test(text);
}
