import { InterfaceError } from '../errors/client-errors.ts';

const UTF8 = /^(?:utf-?8|unicode)$/i;
const UNCONVERTED = 'SQL_ASCII';

/**
 * Refuses a session whose texts do not travel as UTF-8, by what the server reports of it: they
 * would arrive as other texts, both ways, without an error. SQL_ASCII converts nothing, which
 * does no harm where the database has UTF-8 itself, or no encoding.
 *
 * PostgreSQL manual, "Character Set Support".
 */
export function checkClientEncoding(settings: ReadonlyMap<string, string>): void {
  const encoding = settings.get('client_encoding');
  // It is what servers report; to compile the expression takes longer than all else here.
  if (encoding === undefined || encoding === 'UTF8' || UTF8.test(encoding)) return;
  const server = settings.get('server_encoding') ?? '';
  if (encoding === UNCONVERTED && (UTF8.test(server) || server === UNCONVERTED)) return;
  throw wrongEncoding(encoding, server);
}

function wrongEncoding(encoding: string, server: string): InterfaceError {
  return new InterfaceError(
    `client_encoding is ${encoding} in this session, but JavaScript strings travel as UTF8`,
    {
      hint:
        server === UNCONVERTED
          ? "Leave client_encoding alone. The encoding of the database is SQL_ASCII, so the server converts nothing: texts in it that are not UTF-8 can be read as bytes only, e.g. by convert_to(text, 'SQL_ASCII')."
          : 'Leave client_encoding alone: the server converts from and to the encoding of the database. COPY has an option for the encoding of its data.',
    },
  );
}
