import { Client } from './client.ts';
import { Connection } from './connection.ts';
import { DatabaseError } from './database-error.ts';
import { defaults } from './defaults.ts';
import { Query } from './query.ts';
import { Result } from './result.ts';
import { TypeOverrides } from './type-overrides.ts';
import * as types from './types/index.ts';
import * as utils from './utils.ts';
import { escapeIdentifier, escapeLiteral } from './utils.ts';

export {
  Client,
  Connection,
  DatabaseError,
  defaults,
  escapeIdentifier,
  escapeLiteral,
  Query,
  Result,
  TypeOverrides,
  types,
  utils,
};
