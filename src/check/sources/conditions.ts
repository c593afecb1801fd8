/** On what it depends which text a query has: by the text of a condition how it is decided. */
export type Conditions = ReadonlyMap<string, boolean>;

/** Behind a condition, around what makes it another one than the same text elsewhere. */
const MARK = '\0';

/** A condition of what was written to so many times before: it may be another one than the same text ahead of that. */
export function afterChanges(condition: string, changes: number): string {
  return changes === 0 ? condition : `${condition}${MARK}${changes}${MARK}`;
}

/** A condition in one call of several, which may decide it otherwise. */
export function inCall(condition: string, call: string): string {
  return `${condition}${MARK} in ${call.replaceAll(/\s+/g, ' ')}${MARK}`;
}

/** That a list is at one of its elements. What goes through it at another place may be at another one. */
export function atElement(list: string, index: number, place: number): string {
  return `it is ${list.length > 40 ? '' : list}[${index}]${MARK}${place}${MARK}`;
}

/** The conditions of a text, as they are shown: of several that exclude each other the one that holds. */
export function shownConditions(when: Conditions): string[] {
  const held = heldIn(when);
  return [...when]
    .filter(([condition, is]) => is || !held.has(stemOf(condition) ?? ''))
    .map(([condition, is]) => {
      const shown = condition.replaceAll(/\0\d+\0|\0/g, '');
      return is ? shown : notOf(shown);
    });
}

function notOf(condition: string): string {
  const other = condition.replace(/^([^\s&|?]+) === (?=[^&|?]+$)/, '$1 !== ');
  return other === condition ? `not ${condition}` : other;
}

/** By what they have in common the conditions that hold of several of which only one can. */
export function heldIn(when: Conditions): ReadonlyMap<string, string> {
  const held = new Map<string, string>();
  for (const [condition, is] of when) {
    const stem = is ? stemOf(condition) : null;
    if (stem !== null) held.set(stem, condition);
  }
  return held;
}

/** What conditions have in common of which only one can hold; null of any other. */
function stemOf(condition: string): string | null {
  if (/[&|?]/.test(condition)) return null;
  const stem = condition.replace(
    /(?: === (?:'[^'\0]*'|null|undefined|true|false|-?\d+)|(?<=^it is .*)\[\d+\])(?=\0|$)/,
    '',
  );
  return stem === condition ? null : stem;
}
