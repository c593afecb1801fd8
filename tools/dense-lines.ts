// How Node's files of dist/ and packages/pg are written: without the spaces between words, each statement on a line of
// its own. V8 reads every character of a file before it runs, and a fifth of them are spaces: with that and short
// names a start of @asyncpg/pg takes 3 % fewer instructions. All on one line, an error that nobody has caught would show
// the whole file.
import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { decode, encode, type SourceMapSegment } from '@jridgewell/sourcemap-codec';
import type { OutputChunk, Plugin } from 'rolldown';
import { type MinifyOptions, minifySync } from 'rolldown/experimental';
import { ascii } from './build-plugins.ts';
import { isAllLazy } from './start-functions.ts';
import { childrenOf, isNode, type Node, statementsOf } from './syntax-tree.ts';

type Map = NonNullable<MinifyOptions['inputMap']>;
type Options = Pick<MinifyOptions, 'compress' | 'mangle' | 'module'>;

/** Goes last: others look for what is written with spaces. */
export function denseLines(options: Omit<Options, 'module'>): Plugin {
  return {
    name: 'dense-lines',
    writeBundle({ dir, format }, bundle) {
      if (isAllLazy) return;
      for (const chunk of Object.values(bundle)) {
        if (chunk.type !== 'chunk') continue;
        rewrite(path.join(dir!, chunk.fileName), chunk, { ...options, module: format === 'es' });
      }
    },
  };
}

const MAP_COMMENT = /\n?\/\/# sourceMappingURL=.*\n?$/;

function rewrite(file: string, { map }: OutputChunk, options: Options): void {
  const text = readFileSync(file, 'utf8');
  const comment = MAP_COMMENT.exec(text)?.[0] ?? '\n';
  const inputMap = map === null ? undefined : JSON.parse(readFileSync(`${file}.map`, 'utf8'));
  const dense = denseLinesOf(text.replace(MAP_COMMENT, ''), inputMap, options);
  writeFileSync(file, dense.code + comment);
  if (dense.map !== undefined) writeFileSync(`${file}.map`, JSON.stringify(dense.map));
}

export function denseLinesOf(
  text: string,
  inputMap: Map | undefined,
  options: Options,
): { readonly code: string; readonly map: Map | undefined } {
  const { code, map, errors } = minifySync('file.js', text, {
    ...options,
    codegen: { removeWhitespace: true },
    sourcemap: inputMap !== undefined,
    ...(inputMap === undefined ? {} : { inputMap }),
  });
  if (errors.length > 0) throw new Error(errors.map(({ message }) => message).join('\n'));
  const statements = statementsOf(code, 'js');
  const quoted = withQuotes(code, statements);
  const cuts = cutsOf(code, statements);
  return {
    // No line is moved, so the map stays.
    code: ascii(cuts.map((start, at) => quoted.slice(start, cuts[at + 1])).join('\n')),
    map: inputMap && { ...inputMap, ...map, mappings: cutMappings(map!.mappings, quoted, cuts) },
  };
}

/** Strings are templates when they come out of the minifier, which take V8 longer to read. No place is moved. */
function withQuotes(code: string, statements: readonly Node[]): string {
  const parts: string[] = [];
  let at = 0;
  const visit = (node: Node, isTagged: boolean): void => {
    const text = code.slice(node.start + 1, node.end - 1);
    if (isTagged || node.type !== 'TemplateLiteral' || /["`\n]|\$\{/.test(text)) {
      for (const child of childrenOf(node)) visit(child, child === node['quasi']);
      return;
    }
    parts.push(code.slice(at, node.start), '"', text, '"');
    at = node.end;
  };
  for (const statement of statements) visit(statement, false);
  return parts.join('') + code.slice(at);
}

const ON_ITS_OWN_LINE = /Statement$|Declaration$|Definition$|^StaticBlock$|^SwitchCase$/;

/** Where the code can be cut: before the statements, the members of classes and the cases of a switch. */
function cutsOf(code: string, statements: readonly Node[]): number[] {
  const starts = new Set([0]);
  const visit = (node: Node): void => {
    for (const value of Object.values(node)) {
      if (!Array.isArray(value)) continue;
      for (const each of value) {
        if (isNode(each) && ON_ITS_OWN_LINE.test(each.type)) starts.add(each.start);
      }
    }
    childrenOf(node).forEach(visit);
  };
  for (const { start } of statements) starts.add(start);
  statements.forEach(visit);
  return [...starts].filter((at) => code[at - 1] !== '\n').sort((a, b) => a - b);
}

/** The mappings of the code once a line ends at each of the cuts. */
function cutMappings(mappings: string, code: string, cuts: readonly number[]): string {
  const ends = [...code.matchAll(/\n/g)].map(({ index }) => index + 1);
  const starts = [...cuts, ...ends].sort((a, b) => a - b);
  const lines: SourceMapSegment[][] = starts.map(() => []);
  let line = 0;
  for (const [number, segments] of decode(mappings).entries()) {
    const offset = number === 0 ? 0 : ends[number - 1]!;
    for (const [column, ...rest] of segments) {
      while (starts[line + 1]! <= offset + column) line += 1;
      lines[line]!.push([offset + column - starts[line]!, ...rest] as SourceMapSegment);
    }
  }
  return encode(lines);
}
