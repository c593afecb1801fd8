/**
 * A value decoded from the server and sent back as an argument must be the same to the server:
 * alone, in an array, in a composite type, in both wire formats. Another driver carries the
 * bytes, so that only the codecs are on trial.
 */
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Codec } from '../../src/codecs/codec.ts';
import { TypeRegistry } from '../../src/codecs/registry.ts';
import type { TypeDescription } from '../../src/codecs/type-description.ts';
import type { TypeOptions } from '../../src/values/type-options.ts';
import { resolveTypeOptions } from '../../src/config/type-options.ts';
import { MessageWriter } from '../../src/protocol/writer.ts';
import { hasServer, serverDsn } from '../support/server.ts';

const SCHEMA = 'type_round_trips';

const SETUP = `
  DROP SCHEMA IF EXISTS ${SCHEMA} CASCADE;
  CREATE SCHEMA ${SCHEMA};
  SET search_path TO ${SCHEMA}, public;
  SET timezone TO 'Asia/Kolkata';
  CREATE EXTENSION hstore; CREATE EXTENSION citext; CREATE EXTENSION ltree;
  CREATE TYPE mood AS ENUM ('sad', 'so so', 'ha"ppy', 'NULL', '{x}');
  CREATE DOMAIN positive AS int4 CHECK (VALUE > 0);
  CREATE DOMAIN small_positive AS positive CHECK (VALUE < 100);
  CREATE DOMAIN int_list AS int4[];
  CREATE TYPE "Odd ""Name""" AS ("a b" int4, "select" text, "Ümlaut" mood, nested int4[]);
  CREATE TYPE deep AS (o "Odd ""Name""", os "Odd ""Name"""[], d small_positive, at timestamptz);
  CREATE TYPE single AS (value text);
  CREATE TYPE with_money AS (m money, t text);
  CREATE TYPE text_range AS RANGE (subtype = text);
  CREATE TYPE float_range AS RANGE (subtype = float8);
  CREATE TYPE money_range AS RANGE (subtype = money);
  CREATE TYPE time_range AS RANGE (subtype = time);
  CREATE TYPE composite_range AS RANGE (subtype = single);
`;

/** Type -> literals. Each one is a value that the server prints back in the same way. */
const VALUES: Record<string, readonly string[]> = {
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
};

const OPTIONS: Record<string, TypeOptions> = {
  'default options': {},
  'text wherever it is possible': { int8: 'string', datetime: 'string', json: 'text' },
};

describe.each([15, 18] as const)('PostgreSQL %d', (version) => {
  describe.runIf(hasServer(version))('reads back what was decoded and sent again', () => {
    let client: pg.Client;
    beforeAll(async () => {
      client = new pg.Client({
        connectionString: serverDsn(version),
        types: { getTypeParser: () => (raw: unknown) => raw } as never,
      });
      await client.connect();
      await client.query(SETUP);
      await client.query('CREATE TABLE mood_table (m mood)');
    });
    afterAll(async () => {
      await client.query(`DROP SCHEMA ${SCHEMA} CASCADE`);
      await client.end();
    });

    async function text(query: string, values: unknown[] = []): Promise<string | null> {
      const { rows } = await client.query<{ v: string | null }>({ text: query, values });
      return rows[0]!.v;
    }

    /** The type's binary form by way of its send function: the other driver reads text only. */
    async function binary(oid: number, expression: string): Promise<Buffer> {
      const send = await text('SELECT typsend::regproc::text AS v FROM pg_type WHERE oid = $1', [
        oid,
      ]);
      // refcursor is sent as text, but is none to the parser.
      const value = send === 'textsend' ? `(${expression})::text` : expression;
      return Buffer.from((await text(`SELECT encode(${send}(${value}), 'hex') AS v`))!, 'hex');
    }

    async function oidOf(type: string): Promise<number> {
      return Number(await text(`SELECT $1::regtype::oid::text AS v`, [type]));
    }

    async function describeType(oid: number): Promise<TypeDescription> {
      const json = await text(
        `SELECT json_build_object('oid', t.oid::int8, 'name', typname, 'schema', nspname,
           'typtype', typtype, 'delimiter', typdelim, 'base', typbasetype::int8,
           'element', CASE WHEN typcategory = 'A' AND typtype = 'b' THEN typelem::int8 ELSE 0 END,
           'subtype', coalesce((SELECT CASE rngtypid WHEN t.oid THEN rngsubtype ELSE rngtypid END::int8
             FROM pg_range WHERE t.oid IN (rngtypid, rngmultitypid)), 0),
           'attributes', (SELECT json_agg(json_build_object('name', attname, 'oid', atttypid::int8) ORDER BY attnum)
             FROM pg_attribute WHERE attrelid = typrelid AND attnum > 0 AND NOT attisdropped),
           'hasBinaryInput', typreceive::oid <> 0, 'hasBinaryOutput', typsend::oid <> 0) AS v
         FROM pg_type t JOIN pg_namespace n ON n.oid = typnamespace WHERE t.oid = $1`,
        [oid],
      );
      return JSON.parse(json!) as TypeDescription;
    }

    async function codecOf(registry: TypeRegistry, type: string): Promise<Codec> {
      const oid = await oidOf(type);
      for (;;) {
        const missing = registry.missing([oid]);
        if (missing.length === 0) return registry.codec(oid)!;
        registry.define(await Promise.all(missing.map(describeType)));
      }
    }

    /** Both wire formats of one value, each decoded, encoded and held against the server's text. */
    async function expectRoundTrip(codec: Codec, type: string, expression: string): Promise<void> {
      const shown = `(${expression})::${type}`;
      // The type's own output, which a cast to text is not for bpchar and citext arrays.
      const expected = await text(`SELECT ${shown} AS v`);
      const back = async (argument: unknown): Promise<string | null> =>
        text(`SELECT $1::${type} AS v`, [argument]);
      const values: unknown[] = [];
      if (codec.binary !== null) {
        const bytes = await binary(codec.type.oid, shown);
        values.push(codec.binary.decode(bytes, 0, bytes.length));
      }
      if (codec.text !== null && expected !== null) {
        const decoded = codec.text.decode(expected);
        if (values.length > 0) expect(decoded, 'decoded from text').toEqual(values[0]);
        values.push(decoded);
      }
      for (const value of values) {
        // The server does not read empty vectors in binary.
        const isReadInBinary = !isVector(type) || (value as unknown[]).length > 0;
        if (codec.binary !== null && isReadInBinary) {
          const writer = new MessageWriter();
          codec.binary.encode(writer, value);
          const bytes = Buffer.from(writer.buffer.subarray(0, writer.offset));
          expect(await back(bytes), 'sent as binary').toBe(expected);
        }
        if (codec.text !== null) {
          expect(await back(codec.text.encode(value)), 'sent as text').toBe(expected);
        }
      }
      expect(values.length).toBeGreaterThan(0);
    }

    const isVector = (type: string): boolean => type === 'int2vector' || type === 'oidvector';
    const isArray = (type: string): boolean => type.endsWith('[]');

    describe.each(Object.entries(OPTIONS))('with %s', (_, options) => {
      const resolved = resolveTypeOptions(options);

      test.each(Object.entries(VALUES))('%s', async (type, literals) => {
        const registry = new TypeRegistry(resolved);
        const codec = await codecOf(registry, type);
        for (const literal of literals) {
          const expression = client.escapeLiteral(literal);
          await expectRoundTrip(codec, type, expression);
        }
      });

      test.each(Object.entries(VALUES).filter(([type]) => !isArray(type)))(
        '%s in arrays and composites',
        async (type, literals) => {
          const registry = new TypeRegistry(resolved);
          const codec = await codecOf(registry, `${type}[]`);
          const elements = literals
            .filter((literal) => literal.length < 1000 && !(literal === '' && isVector(type)))
            .map((literal) => `${client.escapeLiteral(literal)}::${type}`);
          await expectRoundTrip(codec, `${type}[]`, `ARRAY[${elements.join()}, NULL]::${type}[]`);
          await expectRoundTrip(
            codec,
            `${type}[]`,
            `ARRAY[ARRAY[${elements[0]}], ARRAY[NULL]]::${type}[]`,
          );
          await client.query(`CREATE TYPE holder AS (v ${type}, vs ${type}[], n int4)`);
          try {
            const holder = await codecOf(registry, 'holder');
            for (const element of elements) {
              await expectRoundTrip(
                holder,
                'holder',
                `ROW(${element}, ARRAY[${element}], NULL)::holder`,
              );
            }
          } finally {
            await client.query('DROP TYPE holder');
          }
        },
      );
    });
  });
});
