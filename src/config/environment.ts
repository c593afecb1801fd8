import { builtinModule } from '../runtime/builtin-module.ts';
import { type Files, systemFiles } from './files.ts';

/** What the configuration may learn from the process; tests give their own. */
export interface Environment {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly homeDirectory: string | null;
  /** The operating system's user name. May throw when there is none. */
  readonly userName: () => string;
  /** As `process.platform`. */
  readonly platform: string;
  readonly files: Files;
}

/** The environment of this process, as it is now. */
export function processEnvironment(): Environment {
  return {
    env: process.env,
    homeDirectory: homeDirectory(),
    userName: () => builtinModule('node:os').userInfo().username,
    platform: process.platform,
    files: systemFiles,
  };
}

function homeDirectory(): string | null {
  // It is what the system's own look-up begins with, and few programs need that module else.
  const { HOME } = process.env;
  if (HOME && process.platform !== 'win32') return HOME;
  try {
    return builtinModule('node:os').homedir() || null;
  } catch {
    return null; // No HOME and no entry in the user database: a container with a bare user id.
  }
}
