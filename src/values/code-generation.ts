/** Beyond this many columns generated code is too long for the engine to optimise. */
export const MAX_GENERATED = 256;

let codeGeneration: boolean | null = null;

/** Whether this process may generate code (`--disallow-code-generation-from-strings`, CSP). */
export function canGenerateCode(): boolean {
  if (codeGeneration === null) {
    try {
      new Function('');
      codeGeneration = true;
    } catch {
      codeGeneration = false;
    }
  }
  return codeGeneration;
}
