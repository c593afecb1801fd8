/** The server's version, as in asyncpg: since PostgreSQL 10, `minor` is 0 and `micro` counts. */
export interface ServerVersion {
  /** 18 of 18.4. */
  readonly major: number;
  /** 0 since PostgreSQL 10. */
  readonly minor: number;
  /** 4 of 18.4. */
  readonly micro: number;
  /** What kind of release it is. */
  readonly releaselevel: 'alpha' | 'beta' | 'candidate' | 'final';
  /** 2 of 19beta2; 0 of a final release. */
  readonly serial: number;
}

const LEVELS = { alpha: 'alpha', beta: 'beta', rc: 'candidate' } as const;

/**
 * Reads the `server_version` parameter, e.g. `18.4 (Debian 18.4-1)`, `10beta2`, `9.6.24`,
 * `11.2-YB-2.1`, `PostgreSQL 13.0`.
 */
export function parseServerVersion(text: string): ServerVersion {
  const match = /(\d{1,9})(?:\.(\d{1,9}))?(?:\.(\d{1,9}))?(?:(alpha|beta|rc)(\d{1,9}))?/.exec(text);
  const number = (index: number): number => Number(match?.[index] ?? 0);
  const major = number(1);
  const level = match?.[4] as keyof typeof LEVELS | undefined;
  return Object.freeze({
    major,
    minor: major >= 10 ? 0 : number(2),
    micro: major >= 10 ? number(2) : number(3),
    releaselevel: level === undefined ? 'final' : LEVELS[level],
    serial: number(5),
  });
}
