/**
 * Functions of the server that are not strict, by their C function: the result is NULL only if one of these
 * arguments is, counted from 0.
 */
export const NULL_BY_ARGUMENTS: Readonly<Record<string, readonly number[]>> = {
  array_append: [],
  array_cat: [0],
  array_positions: [0],
  array_prepend: [],
  array_remove: [0],
  array_replace: [0],
  array_to_text_null: [0, 1],
  json_build_array: [],
  json_build_object: [],
  jsonb_build_array: [],
  jsonb_build_object: [],
  pg_num_nonnulls: [],
  pg_num_nulls: [],
  row_to_json: [0],
  text_concat: [],
  text_concat_ws: [0],
  text_format: [0],
  text_format_nv: [0],
  text_to_array: [0],
  text_to_array_null: [0],
};

const OF_INFINITE_TIME = /^(century|decade|epoch|isoyear|julian|millennium|year)$/;
const OF_INFINITE_INTERVAL = /^(century|day|decade|epoch|hour|millennium|year)$/;

/** What `extract` and `date_part` do not make NULL of an infinite value, by their C function. */
export const FIELDS_OF_INFINITE: Readonly<Record<string, RegExp>> = {
  extract_date: OF_INFINITE_TIME,
  extract_interval: OF_INFINITE_INTERVAL,
  extract_timestamp: OF_INFINITE_TIME,
  extract_timestamptz: OF_INFINITE_TIME,
  interval_part: OF_INFINITE_INTERVAL,
  timestamp_part: OF_INFINITE_TIME,
  timestamptz_part: OF_INFINITE_TIME,
};

/** Aggregates that are not NULL of no rows, either. */
export const COUNTS: ReadonlySet<string> = new Set(['count', 'regr_count']);

/** Aggregates that are not NULL of at least one row, whatever is in it. */
export const NOT_NULL_OF_ROWS: ReadonlySet<string> = new Set([
  'array_agg',
  'json_agg',
  'json_agg_strict',
  'json_object_agg',
  'json_object_agg_unique',
  'jsonb_agg',
  'jsonb_object_agg',
]);

/** Aggregates that are not NULL of at least one row in which their arguments are not. */
export const NOT_NULL_OF_VALUES: ReadonlySet<string> = new Set(
  `any_value avg bit_and bit_or bit_xor bool_and bool_or every max min mode percentile_cont
   percentile_disc range_agg range_intersect_agg stddev_pop string_agg sum var_pop`.split(/\s+/),
);

/** Window functions that are never NULL. */
export const RANKS: ReadonlySet<string> = new Set([
  'row_number',
  'rank',
  'dense_rank',
  'percent_rank',
  'cume_dist',
]);

/** Functions that return sets, none of whose values is NULL. */
export const SETS_WITHOUT_NULL: ReadonlySet<string> = new Set([
  'generate_series',
  'generate_subscripts',
  'json_array_elements',
  'json_object_keys',
  'jsonb_array_elements',
  'jsonb_object_keys',
  'jsonb_path_query',
  'regexp_split_to_table',
]);
