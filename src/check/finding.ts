/** One thing that a person should look at. Lines and columns count from 1. */
export interface Finding {
  /** The file's path, absolute. */
  readonly file: string;
  readonly line: number;
  readonly column: number;
  readonly severity: 'error' | 'warning';
  /** The SQLSTATE, or a word of this command's own. */
  readonly code: string;
  readonly message: string;
  readonly hint: string | null;
  /** The line of the source that it is about. */
  readonly sourceLine: string;
}

/** A place that is told to people. */
export type SourcePlace = Pick<Finding, 'file' | 'line' | 'column'>;

export function placeAt(file: string, source: string, offset: number): SourcePlace {
  // Editors do not count the mark of UTF-8 at the beginning of a file.
  const before = source.slice(0, offset).replace(/^\uFEFF/, '');
  const lineStart = before.lastIndexOf('\n') + 1;
  return { file, line: before.split('\n').length, column: before.length - lineStart + 1 };
}

/** Makes a finding of a place in a source. */
export function findingAt(
  file: string,
  source: string,
  offset: number,
  what: Pick<Finding, 'severity' | 'code' | 'message' | 'hint'>,
): Finding {
  const lineStart = source.slice(0, offset).lastIndexOf('\n') + 1;
  const lineEnd = source.indexOf('\n', offset);
  return {
    ...placeAt(file, source, offset),
    ...what,
    sourceLine: source
      .slice(lineStart, lineEnd < 0 ? undefined : lineEnd)
      .replaceAll(/^\uFEFF|\r$/g, ''),
  };
}
