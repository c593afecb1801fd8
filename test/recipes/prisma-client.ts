import { cpSync } from 'node:fs';
import path from 'node:path';
import { root } from '../../tools/entries.ts';
import { Project } from './project.ts';

/** The schema, its tables and the programs. */
export const FOLDER = path.join(root, 'test/recipes/prisma');

const PACKAGES = {
  '@prisma/adapter-pg': '7.10.1',
  '@prisma/client': '7.10.0',
  '@prisma/driver-adapter-utils': '7.10.1',
  prisma: '7.10.1',
};

const CONFIG = `import { defineConfig } from 'prisma/config';
export default defineConfig({ schema: 'schema.prisma', datasource: { url: 'postgres://unused' } });
`;

/** The engine of migrations, which generating a client does not need, is not to be downloaded. */
const WITHOUT_ENGINES = {
  PRISMA_SCHEMA_ENGINE_BINARY: process.execPath,
  PRISMA_HIDE_UPDATE_MESSAGE: '1',
  CHECKPOINT_DISABLE: '1',
};

/** A project with Prisma, a client generated of the schema, and the programs. */
export async function generateClient(): Promise<Project> {
  const project = new Project();
  try {
    await project.install(PACKAGES, false);
    cpSync(FOLDER, project.folder, { recursive: true });
    project.write('prisma.config.ts', CONFIG);
    const prisma = path.join('node_modules', 'prisma', 'build', 'index.js');
    await project.run(process.execPath, [prisma, 'generate'], WITHOUT_ENGINES);
    return project;
  } catch (error) {
    project[Symbol.dispose]();
    throw error;
  }
}
