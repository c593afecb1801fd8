/** The fields of an ErrorResponse or NoticeResponse, in the words of node-postgres. */
export interface ServerFields {
  severity: string | undefined;
  /** The SQLSTATE. */
  code: string | undefined;
  detail: string | undefined;
  hint: string | undefined;
  /** Where in the query, in characters from 1. */
  position: string | undefined;
  internalPosition: string | undefined;
  internalQuery: string | undefined;
  where: string | undefined;
  schema: string | undefined;
  table: string | undefined;
  column: string | undefined;
  dataType: string | undefined;
  constraint: string | undefined;
  file: string | undefined;
  line: string | undefined;
  routine: string | undefined;
}
