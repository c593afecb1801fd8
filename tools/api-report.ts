// Writes down the public API, one report in api/ for each entry of package.json's "exports", from
// the declarations in dist/. `npm run check:api` finds where a report and the code differ, and
// `npm run api:update` writes the reports anew: so a change of the API is seen in its review.
import { mkdir, readdir, rm } from 'node:fs/promises';
import path from 'node:path';
import { Extractor, ExtractorConfig, ExtractorLogLevel } from '@microsoft/api-extractor';
import { entries, root } from './entries.ts';
import { isForAlias, pathsOfAliases } from './peer-aliases.ts';

const reports = path.join(root, 'api');
const update = process.argv.includes('--update');

/** Whether the report is what the declarations say. */
function report(name: string, types: string, source: string, scratch: string): boolean {
  const config = ExtractorConfig.prepare({
    configObject: {
      projectFolder: root,
      mainEntryPointFilePath: path.join(root, types),
      newlineKind: 'lf',
      // Not the sources: the declarations alone, as whoever installs the package has them.
      compiler: {
        overrideTsconfig: {
          compilerOptions: {
            target: 'es2023',
            lib: ['es2023', 'esnext.disposable'],
            module: 'nodenext',
            moduleResolution: 'nodenext',
            types: ['node'],
            skipLibCheck: true,
            strict: true,
            ...(isForAlias(source) ? { paths: pathsOfAliases } : {}),
          },
          include: [types],
        },
      },
      apiReport: {
        enabled: true,
        reportFileName: `${name}.api.md`,
        reportFolder: reports,
        reportTempFolder: scratch,
      },
      docModel: { enabled: false },
      dtsRollup: { enabled: false },
      tsdocMetadata: { enabled: false },
      messages: {
        compilerMessageReporting: { default: { logLevel: ExtractorLogLevel.Error } },
        // Whatever is exported is public, so there are no release tags to speak of; and a report
        // says what there is, not what its comments ought to say.
        extractorMessageReporting: {
          default: { logLevel: ExtractorLogLevel.None },
          'ae-forgotten-export': { logLevel: ExtractorLogLevel.None, addToApiReportFile: true },
        },
        tsdocMessageReporting: { default: { logLevel: ExtractorLogLevel.None } },
      },
    },
    configObjectFullPath: undefined,
    packageJsonFullPath: path.join(root, 'package.json'),
  });
  const { apiReportChanged, errorCount } = Extractor.invoke(config, {
    localBuild: update,
    messageCallback: (message) => {
      if (message.category === 'console') message.logLevel = ExtractorLogLevel.None;
    },
  });
  if (apiReportChanged && !update) {
    console.error(`api/${name}.api.md is not what the code says; see \`npm run api:update\``);
  }
  return errorCount === 0 && (update || !apiReportChanged);
}

const scratch = path.join(root, 'node_modules', '.cache', 'api-report');
await mkdir(scratch, { recursive: true });
await mkdir(reports, { recursive: true });
/** The declarations of each entry, by the name of its report. */
const found = new Map(entries.map((entry) => [entry.specifier.replaceAll('/', '-'), entry]));
let isRight = true;
for (const [name, { types, source }] of found) {
  isRight = report(name, types, source, scratch) && isRight;
}
for (const file of await readdir(reports)) {
  if (found.has(file.replace(/\.api\.md$/, ''))) continue;
  if (update) await rm(path.join(reports, file));
  else console.error(`api/${file} belongs to no entry of the package`);
  isRight &&= update;
}
process.exitCode = isRight ? 0 : 1;
