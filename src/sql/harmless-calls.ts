import type { Lexer } from './lexer.ts';

/**
 * Names in front of a bracket that leave nothing in the session: reserved words and types, which
 * no function of a user can be called without quotes, and functions of pg_catalog, which comes
 * first in every search_path that does not say otherwise. What is missing here is taken for a
 * function of the user's own, which costs a reset and no more.
 */
const HARMLESS = new Set(
  // Reserved words and what only stands in expressions.
  (
    'in values analyze analyse and or not on using select from where having any some all array case when then ' +
    'else with union except intersect as limit offset returning exists row coalesce nullif ' +
    'greatest least lateral distinct is like ilike between grouping extract overlay position ' +
    'substring trim treat xmlelement xmlforest xmlconcat xmlparse cast collation for user ' +
    // Types.
    'numeric decimal dec char character nchar varchar bit time timestamp timestamptz interval ' +
    'float int int2 int4 int8 float4 float8 text date bool oid uuid ' +
    // Aggregates and windows.
    'count sum avg min max bool_and bool_or every array_agg string_agg json_agg jsonb_agg ' +
    'json_object_agg jsonb_object_agg stddev stddev_pop stddev_samp variance var_pop var_samp corr ' +
    'percentile_cont percentile_disc mode bit_and bit_or range_agg row_number rank dense_rank ' +
    'percent_rank cume_dist ntile lag lead first_value last_value nth_value ' +
    // Times.
    'now clock_timestamp statement_timestamp transaction_timestamp timeofday age date_part ' +
    'date_trunc date_bin make_date make_interval make_time make_timestamp make_timestamptz ' +
    'to_timestamp to_date to_char to_number isfinite justify_days justify_hours justify_interval ' +
    // Numbers.
    'abs ceil ceiling floor round trunc mod power sqrt exp ln log sign random gen_random_uuid ' +
    'uuidv4 uuidv7 width_bucket div gcd lcm pi sin cos tan asin acos atan atan2 degrees radians ' +
    // Text and bytes.
    'lower upper initcap length char_length character_length octet_length bit_length substr left ' +
    'right lpad rpad ltrim rtrim btrim replace translate repeat reverse split_part strpos concat ' +
    'concat_ws format quote_ident quote_literal quote_nullable chr ascii md5 sha224 sha256 sha384 ' +
    'sha512 encode decode convert_from convert_to regexp_replace regexp_match regexp_matches ' +
    'regexp_split_to_array regexp_split_to_table regexp_count regexp_substr starts_with ' +
    'string_to_array string_to_table to_hex get_byte ' +
    // JSON.
    'to_json to_jsonb row_to_json json_build_object jsonb_build_object json_build_array ' +
    'jsonb_build_array json_each jsonb_each json_each_text jsonb_each_text json_array_elements ' +
    'jsonb_array_elements json_array_elements_text jsonb_array_elements_text json_array_length ' +
    'jsonb_array_length json_typeof jsonb_typeof jsonb_set jsonb_insert jsonb_strip_nulls ' +
    'jsonb_pretty json_extract_path jsonb_extract_path jsonb_path_query jsonb_path_exists ' +
    'jsonb_path_query_array jsonb_path_query_first jsonb_object_keys json_object_keys ' +
    'json_to_recordset jsonb_to_recordset json_populate_recordset jsonb_populate_recordset ' +
    // Arrays, ranges, rows.
    'unnest generate_series generate_subscripts array_length array_append array_prepend array_cat ' +
    'array_remove array_replace array_position array_positions array_to_string array_to_json ' +
    'cardinality array_fill array_upper array_lower array_ndims isempty lower_inc upper_inc ' +
    'int4range int8range numrange tsrange tstzrange daterange range_merge ' +
    // Text search and the network.
    'to_tsvector to_tsquery plainto_tsquery phraseto_tsquery websearch_to_tsquery ts_rank ' +
    'ts_rank_cd ts_headline setweight host masklen network family ' +
    // The server and its catalogs.
    'nextval currval lastval current_setting current_database current_schema current_schemas ' +
    'version pg_backend_pid pg_typeof pg_sleep pg_sleep_for pg_sleep_until pg_notify ' +
    'pg_terminate_backend pg_cancel_backend pg_is_in_recovery pg_my_temp_schema ' +
    'pg_listening_channels pg_table_size pg_total_relation_size pg_relation_size pg_size_pretty ' +
    'pg_database_size pg_get_expr pg_get_constraintdef pg_get_indexdef pg_get_viewdef ' +
    'pg_get_functiondef pg_get_serial_sequence pg_table_is_visible pg_type_is_visible format_type ' +
    'obj_description col_description to_regclass to_regtype to_regproc has_table_privilege ' +
    'has_schema_privilege pg_column_size txid_current pg_current_xact_id pg_current_wal_lsn ' +
    'pg_postmaster_start_time inet_server_addr inet_server_port pg_export_snapshot'
  ).split(' '),
);

/** Behind these a name with a bracket is a table or an alias with its columns. */
const BEFORE_COLUMNS = new Set(['into', 'as', 'copy', 'with', 'recursive']);

/** Words that are no call behind a certain other one; empty: at the beginning. */
const PAIRS: Readonly<Record<string, string>> = {
  conflict: 'on',
  varying: 'character',
  materialized: 'as',
  // The verb of the whole text.
  explain: '',
};

/** What stands behind "by" in GROUP BY (…), ORDER BY (…), PARTITION BY (…). */
const BEFORE_BY = new Set(['group', 'order', 'partition']);

/** Behind a closing bracket these are no calls. */
const BEHIND_BRACKET = new Set(['over', 'filter']);

const SUBQUERY = /^(?:select|with)$/i;

/** Whether a text calls a function that is not known to leave the session as it is. */
export function callsUnknownFunction(lexer: Lexer): boolean {
  /** The last name with what qualifies it, in small letters; empty behind anything else. */
  let name = '';
  let isQualified = false;
  let isQuoted = false;
  /** The piece in front of that name; empty if it is the first one. */
  let before = '';
  let last = '';
  let isCall = false;
  let isFirst = true;
  while (lexer.next()) {
    const { token, start, end } = lexer;
    if (token === 'blank' || token === 'comment') continue;
    const piece = lexer.text.slice(start, end);
    // No argument begins with SELECT or WITH: then it is a query in brackets.
    if (isCall && !SUBQUERY.test(piece)) return true;
    isCall = piece === '(' && name !== '' && !isHarmless(name, isQualified, isQuoted, before);
    if (token === 'word' || token === 'quoted name') {
      if (last === '.') {
        isQualified ||= name !== 'pg_catalog';
      } else {
        isQualified = false;
        before = isFirst ? '' : last;
      }
      isFirst = false;
      isQuoted = token === 'quoted name';
      name = isQuoted ? piece : piece.toLowerCase();
      last = name;
    } else {
      if (piece !== '.') name = '';
      last = piece;
    }
  }
  return isCall;
}

function isHarmless(
  name: string,
  isQualified: boolean,
  isQuoted: boolean,
  before: string,
): boolean {
  if (BEFORE_COLUMNS.has(before)) return true;
  if (isQualified || isQuoted) return false;
  if (HARMLESS.has(name) || PAIRS[name] === before) return true;
  if (name === 'by') return BEFORE_BY.has(before);
  return before === ')' && BEHIND_BRACKET.has(name);
}
