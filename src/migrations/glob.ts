/** Takes an entry such as `migrations/*.sql` apart; without a pattern it is a file or a folder. */
export function splitGlob(entry: string): { folder: string; pattern: string | null } {
  const [, folder, pattern] = /^((?:[^*?{]*\/)?)([^/]*[*?{].*)$/.exec(entry) ?? ['', entry, null];
  return { folder: folder!, pattern: pattern! };
}

/** `*` and `?` within a name, `**` over folders, `{a,b}` for one of several. */
export function globPattern(glob: string, behind = ''): RegExp {
  let source = '';
  let depth = 0;
  for (let at = 0; at < glob.length; at += 1) {
    const char = glob[at]!;
    if (glob.startsWith('**/', at)) {
      source += '(?:.*/)?';
      at += 2;
    } else if (glob.startsWith('**', at)) {
      source += '.*';
      at += 1;
    } else if (char === '*') {
      source += '[^/]*';
    } else if (char === '?') {
      source += '[^/]';
    } else if (char === '{') {
      depth += 1;
      source += '(?:';
    } else if (char === '}' && depth > 0) {
      depth -= 1;
      source += ')';
    } else if (char === ',' && depth > 0) {
      source += '|';
    } else {
      source += char.replace(/[.+^$()|[\]\\{}]/, '\\$&');
    }
  }
  return new RegExp(`^${source.replace(/^\\\.\//, '')}${behind}$`);
}
