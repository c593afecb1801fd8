import { existsSync } from 'node:fs';
import path from 'node:path';

/** What a configuration says of the generated file. */
interface Place {
  readonly root: string;
  readonly out?: string;
}

/** The path of the generated file. */
export function outputFile({ root, out }: Place): string {
  const folder = existsSync(path.join(root, 'src')) ? 'src' : '.';
  return path.resolve(root, out ?? path.join(folder, 'queries.gen.d.ts'));
}
