/** An expression of each type whose values node-postgres makes something of, and of others. */
export const EXPRESSIONS: readonly string[] = `
  true | false | 1::int2 | '-32768'::int2 | 1::int4 | '-2147483648'::int4 | 9007199254740993::int8
  | 1.50::numeric | 1.5::float4 | 1.5::float8 | '-0'::float8 | 'a'::text | ''::text | 'a'::"char"
  | 'a'::char(3) | 'x'::name | '2024-03-10'::date | '0044-03-15 BC'::date
  | '2024-03-10 01:02:03.456789'::timestamp | '2024-03-10 01:02:03.456789+00'::timestamptz
  | 'infinity'::timestamptz | '-infinity'::date | '01:02:03'::time | '01:02:03+02'::timetz
  | '1 year 2 days 03:04:05.5'::interval | '-1 year'::interval | '{"a":1}'::json | '{"a":1}'::jsonb
  | 'null'::jsonb | '\\x00ff'::bytea | 'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11'::uuid | array[1,2]
  | array[1,null]::int8[] | array['a','b'] | array[1.5]::numeric[] | array['']::text[]
  | array['2024-03-10 00:00:00+00']::timestamptz[] | array['2024-03-10']::date[]
  | array['{"a":1}'::jsonb] | array['\\x00'::bytea] | array[true,false,null] | array['x']::varchar[]
  | array['10.0.0.1']::inet[] | '10.0.0.1'::inet | '(1,2)'::point | '<(1,2),3>'::circle
  | '((0,0),(1,1))'::box | int4range(1,5) | '{[1,5)}'::int4multirange | row(1,'a') | 1::oid
  | '1.5'::money | b'101' | '<a/>'::xml | 'a b'::tsvector | null::int4 | null::text
  | array[]::int4[] | array[array[1,2],array[3,4]] | '0/1'::pg_lsn | 'pg_class'::regclass
  | '[0:1]={1,2}'::int[] | 'NaN'::float8 | 'Infinity'::float8 | 'NaN'::numeric | U&'\\1F600x'
  | repeat('ä', 200) | array['a,b', 'c"d', E'e\\\\f', null, 'NULL'] | 4294967295::oid`
  .split(/\s\|\s/)
  .map((text) => text.trim());
