/** Whether plain strings have escapes in the session of these settings: `standard_conforming_strings` is off. */
export function hasBackslashes(settings: ReadonlyMap<string, string>): boolean {
  return settings.get('standard_conforming_strings') === 'off';
}
