/**
 * Samples of every type that PostgreSQL has and that users can make of them, shared by the tests
 * that send values there and back.
 */

/** Makes the types that the samples need, in a schema that is in the search_path alone. */
export const samplesSetup = (schema: string): string => `
  DROP SCHEMA IF EXISTS ${schema} CASCADE;
  CREATE SCHEMA ${schema};
  SET search_path TO ${schema}, public;
  SET timezone TO 'Asia/Kolkata';
  CREATE EXTENSION hstore; CREATE EXTENSION citext; CREATE EXTENSION ltree;
  CREATE EXTENSION cube; CREATE EXTENSION seg; CREATE EXTENSION isn; CREATE EXTENSION intarray;
  CREATE EXTENSION lo;
  CREATE TYPE mood AS ENUM ('sad', 'so so', 'ha"ppy', 'NULL', '{x}');
  CREATE TYPE odd_enum AS ENUM ('', 'a,b', '(c)', 'd''e', 'f\\g', '${'é'.repeat(31)}', '__proto__');
  CREATE DOMAIN positive AS int4 CHECK (VALUE > 0);
  CREATE DOMAIN small_positive AS positive CHECK (VALUE < 100);
  CREATE DOMAIN mood_domain AS mood CHECK (VALUE <> 'NULL');
  CREATE DOMAIN mood_domain_domain AS mood_domain;
  CREATE DOMAIN int_list AS int4[];
  CREATE DOMAIN range_domain AS int4range;
  CREATE DOMAIN json_domain AS jsonb;
  CREATE DOMAIN money_domain AS money;
  CREATE TYPE "Odd ""Name""" AS ("a b" int4, "select" text, "Ümlaut" mood, nested int4[]);
  CREATE TYPE "; DROP TABLE ""x"" --" AS ("__proto__" int4, "constructor" text, "0" bool, "length" int2,
    "a'b\\c" text, "\${x}" text, "then" text, "toString" text);
  CREATE TYPE deep AS (o "Odd ""Name""", os "Odd ""Name"""[], d small_positive, at timestamptz);
  CREATE TYPE single AS (value text);
  CREATE TYPE nothing AS ();
  CREATE DOMAIN single_domain AS single;
  CREATE DOMAIN singles_domain AS single[];
  CREATE TYPE of_domains AS (s single_domain, ss singles_domain, sss single_domain[], r range_domain,
    m mood_domain_domain, j json_domain);
  CREATE TYPE with_money AS (m money, t text);
  CREATE TYPE of_ranges AS (r int4range, m int4multirange, rs int4range[], ms datemultirange[]);
  CREATE TYPE text_range AS RANGE (subtype = text);
  CREATE TYPE float_range AS RANGE (subtype = float8);
  CREATE TYPE money_range AS RANGE (subtype = money);
  CREATE TYPE time_range AS RANGE (subtype = time);
  CREATE TYPE composite_range AS RANGE (subtype = single);
  CREATE TYPE enum_range AS RANGE (subtype = mood);
  CREATE TYPE domain_range AS RANGE (subtype = positive);
  CREATE TYPE array_range AS RANGE (subtype = int4[]);
  CREATE TYPE bytea_range AS RANGE (subtype = bytea);
  CREATE TYPE inet_range AS RANGE (subtype = inet);
  CREATE TABLE mood_table (m mood);
  CREATE TABLE row_type (id int8 PRIMARY KEY, gone int4, name text NOT NULL, tags text[]);
  ALTER TABLE row_type DROP COLUMN gone;
  ALTER TABLE row_type ADD COLUMN extra jsonb;
  CREATE VIEW view_type AS SELECT id, name FROM row_type;
`;

/** Type -> literals. Each one is a value that the server prints back in the same way. */
const TYPE_SAMPLES: Readonly<Record<string, readonly string[]>> = {
  bool: ['t', 'f'],
  int2: ['0', '-32768', '32767'],
  int4: ['0', '-2147483648', '2147483647'],
  int8: ['0', '-9223372036854775808', '9223372036854775807', '9007199254740993', '-4294967296'],
  oid: ['0', '4294967295'],
  xid: ['0', '4294967295'],
  cid: ['7', '4294967295'],
  xid8: ['0', '18446744073709551615'],
  float4: ['0', '-0', '1.1', '3.4028235e+38', '1e-45', 'NaN', 'Infinity', '-Infinity'],
  float8: [
    '0',
    '-0',
    '0.1',
    '1.7976931348623157e+308',
    '5e-324',
    'NaN',
    'Infinity',
    '-Infinity',
    '1e+21',
  ],
  numeric: [
    '0',
    '0.00',
    '1.10',
    '-1.10',
    '12345678901234567890.1234567890',
    '0.0001',
    '0.00001',
    '10000',
    '99999999',
    '100000000',
    '1000000000000.00000001',
    '-0.000000012300',
    'NaN',
    'Infinity',
    '-Infinity',
    `${'9'.repeat(200)}.${'1'.repeat(300)}`,
    `1${'0'.repeat(131071)}`,
    `0.${'0'.repeat(16382)}1`,
  ],
  money: ['$0.00', '-$1,234.56', '$92,233,720,368,547,758.07'],
  text: [
    '',
    'a',
    'NULL',
    'null',
    ' x ',
    '"',
    '\\',
    '{}',
    ',',
    'ünï',
    '😀',
    'a\nb',
    `${'x'.repeat(9000)}ü`,
    '\ufffd',
    '(a,b)',
  ],
  varchar: ['', 'abc'],
  bpchar: ['a  ', 'abc'],
  name: ['abc', 'ü'],
  '"char"': ['a', '', '\\377', ' '],
  xml: ['<a>ü</a>', '<?xml version="1.0" standalone="yes"?><b/>'],
  json: ['{"a":[1,null,"ü"]}', '1', '"x"', 'true', '[[1,2],[3,4]]', '[]', '[{"a":1}]'],
  jsonb: [
    '{"a": [1, null, "ü"]}',
    '1',
    '"x"',
    '"1"',
    'true',
    '[[1, 2], [3, 4]]',
    '[]',
    '[{"a": 1}]',
  ],
  bytea: ['\\x', '\\x00ff5c27', `\\x${'ab'.repeat(5000)}`],
  uuid: ['a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11', '00000000-0000-0000-0000-000000000000'],
  date: [
    '2000-01-01',
    '1999-12-31',
    '0001-01-01',
    '0001-12-31 BC',
    '4713-01-01 BC',
    '5874897-12-31',
    'infinity',
    '-infinity',
  ],
  time: ['00:00:00', '24:00:00', '23:59:59.999999', '04:05:06.7'],
  timetz: ['00:00:00+00', '24:00:00-15:59:59', '04:05:06.789+05:30', '04:05:06-08'],
  timestamp: [
    '2000-01-01 00:00:00',
    '1969-12-31 23:59:59.999',
    '0044-03-15 12:00:00 BC',
    '12026-01-01 00:00:00',
    'infinity',
    '-infinity',
  ],
  timestamptz: [
    '2000-01-01 05:30:00+05:30',
    '1900-01-01 00:00:00+05:21:10',
    'infinity',
    '-infinity',
  ],
  interval: [
    '00:00:00',
    '1 year 2 mons 3 days 04:05:06.000007',
    '-1 years -2 mons +3 days -04:05:06',
    '178000000 years',
    '-00:00:00.000001',
  ],
  bit: ['1', '0'],
  varbit: ['', '1', '10101010', '101010101', '0'.repeat(1000)],
  point: ['(1,2)', '(-0.5,1e+300)', '(NaN,Infinity)'],
  line: ['{1,2,3}', '{-1,0,0.5}'],
  lseg: ['[(1,2),(3,4)]'],
  box: ['(3,4),(1,2)', '(0,0),(-1,-1)'],
  path: ['[(1,2),(3,4)]', '((1,2),(3,4),(5,6))', '((0,0))'],
  polygon: ['((1,2),(3,4),(5,6))', '((0,0))'],
  circle: ['<(1,2),3>', '<(0,0),0>'],
  inet: ['127.0.0.1', '10.0.0.1/8', '::1', '2001:db8::1/64', '::ffff:1.2.3.4', '0.0.0.0/0', '::'],
  cidr: ['127.0.0.1/32', '10.0.0.0/8', '2001:db8::/32', '::/0', '0.0.0.0/0'],
  macaddr: ['08:00:2b:01:02:03'],
  macaddr8: ['08:00:2b:ff:fe:01:02:03'],
  tid: ['(0,0)', '(4294967295,65535)'],
  pg_lsn: ['0/0', 'FFFFFFFF/FFFFFFFF', '16/B374D848'],
  pg_snapshot: ['1:1:', '10:20:10,14,15'],
  txid_snapshot: ['1:1:', '10:20:10,14,15'],
  tsvector: ["'a' 'cat':1,3A 'it''s':2", "'ü':16383"],
  tsquery: ["'a' & 'b'", "!( 'a' | 'b':*AB ) <2> 'it''s'"],
  jsonpath: ['$."a"[*]?(@."b" > 1)'],
  aclitem: ['=r/postgres', 'postgres=arwdDxt/postgres'],
  regclass: ['pg_type', 'mood_table', '-'],
  regtype: ['integer', 'integer[]', 'mood', '-'],
  regproc: ['now', '-'],
  regprocedure: ['sum(integer)'],
  regoper: ['||/'],
  regoperator: ['+(integer,integer)'],
  regconfig: ['english'],
  regdictionary: ['simple'],
  regnamespace: ['pg_catalog'],
  regrole: ['postgres'],
  regcollation: ['"C"'],
  int2vector: ['', '1', '1 2 3'],
  oidvector: ['', '1 2 4294967295'],
  refcursor: ['<unnamed portal 1>'],
  int4range: ['empty', '[1,5)', '(,)', '[1,)', '(,5)'],
  int8range: ['[1,9223372036854775807)', 'empty'],
  numrange: ['[1.10,2.20]', '(1,2)', '(,1]', 'empty'],
  daterange: ['[2000-01-01,2001-01-01)', '[-infinity,infinity)', '(,)'],
  tsrange: ['["2000-01-01 00:00:00","2001-01-01 00:00:00")', '[-infinity,infinity]'],
  tstzrange: ['["2000-01-01 05:30:00+05:30",)', 'empty'],
  int4multirange: ['{}', '{[1,3),[5,7)}', '{(,)}'],
  nummultirange: ['{[1.0,2.5],(3,4)}'],
  datemultirange: ['{[2000-01-01,2001-01-01)}'],
  tstzmultirange: ['{["2000-01-01 05:30:00+05:30",)}'],
  text_range: ['["a,b","c)"]', '["","]"]', '["\\"\\\\","x y")', '[a,b]'],
  text_multirange: ['{["a,]","b}"),[c,"d\\"e"]}'],
  float_range: ['[0.1,Infinity)', '[-Infinity,NaN]'],
  money_range: ['[$1.00,"$2,000.00")', 'empty'],
  time_range: ['[00:00:00,24:00:00]'],
  composite_range: ['["(a)","(""b c"")")'],
  mood: ['sad', 'so so', 'ha"ppy', 'NULL', '{x}'],
  positive: ['1', '2147483647'],
  small_positive: ['99'],
  int_list: ['{}', '{1,2,NULL}', '[2:3]={4,5}'],
  citext: ['Abc', ''],
  ltree: ['a.b.c', ''],
  lquery: ['*.a|b.*{2}'],
  ltxtquery: ['a & b'],
  hstore: ['', '"a"=>"1", "b"=>NULL', '"k\\"\\\\"=>"v,=>"'],
  '"Odd ""Name"""': [
    '(1,"a b",sad,"{1,2}")',
    '(,,,)',
    '(1,"",,{})',
    '(1,"say ""hi"", \\\\",NULL,)',
  ],
  deep: [
    '("(1,a,sad,{1})","{""(2,\\\\""b c\\\\"",,)"",NULL}",5,"2000-01-01 05:30:00+05:30")',
    '(,,,)',
  ],
  single: ['()', '("")', '(x)'],
  with_money: ['("$1,000.00","a b")', '(,)'],
  'int4[]': [
    '{}',
    '{1,NULL,3}',
    '{{1,2},{3,4}}',
    '[0:1]={1,2}',
    '[2:3][-1:0]={{1,2},{3,4}}',
    '{{{{{{1}}}}}}',
  ],
  'int8[]': ['{1,NULL,9223372036854775807}'],
  'float8[]': ['{0.1,NULL,NaN}'],
  'text[]': ['{"",NULL,"NULL","a b","\\"","\\\\","{",ü}', '{{a,b},{c,d}}'],
  'bytea[]': ['{"\\\\x","\\\\x00ff",NULL}'],
  'jsonb[]': ['{"[1, 2]","{\\"a\\": 1}",NULL}', '{{1,2},{3,4}}', '[0:0]={"[]"}'],
  'json[]': ['{"[1,2]","{\\"a\\":1}",NULL}', '{{1,2},{"[]","[1]"}}'],
  'box[]': ['{(3,4),(1,2);(0,0),(-1,-1)}', '{NULL;(1,1),(0,0)}'],
  'point[]': ['{"(1,2)",NULL}', '{{"(1,2)","(3,4)"},{"(5,6)",NULL}}'],
  'path[]': ['{"((1,2),(3,4))","[(1,2)]"}', '{{"((1,2),(3,4))"}}'],
  'tid[]': ['{"(1,2)","(3,4)"}', '{{"(1,2)"},{"(3,4)"}}'],
  'int4range[]': ['{"[1,5)",empty,NULL}', '{{"[1,5)",empty},{NULL,"(,)"}}'],
  'int4multirange[]': ['{"{[1,5),[7,9)}","{}",NULL}', '{{"{[1,5)}","{}"}}'],
  'money[]': ['{$1.00,"$2,000.00",NULL}'],
  'mood[]': ['{sad,"so so","ha\\"ppy","NULL",NULL,"{x}"}'],
  'with_money[]': ['{"(\\"$1,000.00\\",\\"a b\\")",NULL}'],
  'deep[]': ['{"(,,5,)",NULL}'],
  'int_list[]': ['{"{1,2}","{}",NULL}', '{"[2:3]={4,5}"}'],
  'hstore[]': ['{"\\"a\\"=>\\"1\\"",NULL}'],
  'int2vector[]': ['{"1 2","3"}'],
  'numeric[]': ['{1.50,NaN,NULL}', '{{1.0},{2.00}}'],
  'citext[]': ['{Abc,NULL}'],
  odd_enum: ['', 'a,b', '(c)', "d'e", 'f\\g', 'é'.repeat(31), '__proto__'],
  mood_domain: ['sad', '{x}'],
  mood_domain_domain: ['so so'],
  range_domain: ['[1,5)', 'empty', '(,)'],
  json_domain: ['{"a": [1]}', '[[1, 2]]', '"x"'],
  money_domain: ['$1.00', '-$1,000.00'],
  '"; DROP TABLE ""x"" --"': ['(1,c,t,2,"it\'s",x,then,ts)', '(,,,,,,,)'],
  single_domain: ['(x)', '("")'],
  singles_domain: ['{(x),NULL,"(\\"a b\\")"}', '{}'],
  of_domains: ['("(x)","{(y),NULL}","{(z),NULL}","[1,5)",sad,"{""a"": 1}")', '(,,,,,)'],
  of_ranges: ['("[1,5)","{[1,2),[3,4)}","{empty,""[1,)"",NULL}","{""{[2000-01-01,)}""}")', '(,,,)'],
  nothing: ['()'],
  row_type: ['(1,a,"{x,""y z"",NULL}","{""a"": 1}")', '(,,,)'],
  view_type: ['(1,a)'],
  enum_range: ['[sad,"ha""ppy"]', '["so so",)', 'empty'],
  enum_multirange: ['{[sad,"so so"),["NULL",{x}]}'],
  domain_range: ['[1,5]', '(1,)'],
  array_range: ['["{1,2}","{3,NULL}")', '[{},)'],
  bytea_range: ['["\\\\x00","\\\\xff"]'],
  inet_range: ['[10.0.0.0/8,10.0.0.1]'],
  tsmultirange: ['{["2000-01-01 00:00:00","2001-01-01 00:00:00")}', '{}'],
  int8multirange: ['{[1,5),[7,9223372036854775807)}'],
  cube: ['(1, 2, 3)', '(1, 2),(3, 4)'],
  seg: ['1.5', '1.5 .. 2.5', '<3'],
  isbn: ['0-393-04002-X'],
  ean13: ['978-0-393-04002-9'],
  query_int: ['1 & ( 2 | 3 )'],
  lo: ['4294967295'],
};

/**
 * Types whose binary form is not known, because the server has none, or because it cannot be read
 * without asking the server for more (the name behind an OID, the locale of money), or because
 * it is a secret of the extension. Their values go as text, and so does what is made of them.
 */
const TEXT_ONLY_TYPES: readonly string[] = [
  'aclitem',
  'cube',
  'ean13',
  'hstore',
  'isbn',
  'money',
  'query_int',
  'regclass',
  'regcollation',
  'regconfig',
  'regdictionary',
  'regnamespace',
  'regoper',
  'regoperator',
  'regproc',
  'regprocedure',
  'regrole',
  'regtype',
  'seg',
];

/** Whether a type of the samples is text only, or has a part that is. */
export function isTextOnly(type: string): boolean {
  const made = type.replace(/^with_|_(?:range|domain)$|\[\]$/g, '').replace(/\[\]$/, '');
  return TEXT_ONLY_TYPES.includes(made);
}

/** Samples that only newer servers have, by the first major version that has them. */
const NEWER_SAMPLES: Readonly<Record<number, Readonly<Record<string, readonly string[]>>>> = {
  17: { interval: ['infinity', '-infinity'] },
};

/** The samples of a server's version. */
export function samplesOf(major: number): Record<string, readonly string[]> {
  const samples: Record<string, readonly string[]> = { ...TYPE_SAMPLES };
  for (const [since, newer] of Object.entries(NEWER_SAMPLES)) {
    if (major < Number(since)) continue;
    for (const [type, literals] of Object.entries(newer)) {
      samples[type] = [...(samples[type] ?? []), ...literals];
    }
  }
  return samples;
}
