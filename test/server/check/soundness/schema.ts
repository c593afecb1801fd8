/** The tables that the corpora ask, with as many kinds of things that may be NULL as there are. */
export const SCHEMA = String.raw`
  CREATE TYPE mood AS ENUM ('low', 'high');
  CREATE TYPE pair AS (x int, y text);
  CREATE TYPE single AS (x int);
  CREATE DOMAIN positive AS int CHECK (VALUE > 0);
  CREATE DOMAIN filled AS text NOT NULL;
  CREATE TABLE person (
    id int PRIMARY KEY, name text NOT NULL, nick text, age int, boss int REFERENCES person,
    mood mood, tags text[], doc jsonb, pos positive, p pair, born date, ok boolean,
    score numeric(6, 2) NOT NULL
  );
  CREATE TABLE team (
    id int PRIMARY KEY, title text NOT NULL, lead int REFERENCES person, city text
  );
  CREATE TABLE member (
    person_id int NOT NULL REFERENCES person, team_id int NOT NULL REFERENCES team, since date, role text,
    PRIMARY KEY (person_id, team_id)
  );
  CREATE TABLE event (
    id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY, person_id int, kind text NOT NULL, amount int,
    at timestamptz NOT NULL DEFAULT now(), doubled int GENERATED ALWAYS AS (amount * 2) STORED,
    label text NOT NULL GENERATED ALWAYS AS ('k' || kind) STORED
  );
  CREATE TABLE log (id int NOT NULL, day int NOT NULL, note text) PARTITION BY RANGE (day);
  CREATE TABLE log_early PARTITION OF log FOR VALUES FROM (0) TO (10);
  CREATE TABLE log_rest PARTITION OF log DEFAULT;
  ALTER TABLE log_early ALTER note SET NOT NULL;
  CREATE TABLE base (id int NOT NULL, v text);
  CREATE TABLE derived (extra text NOT NULL) INHERITS (base);
  CREATE TABLE secret (id int NOT NULL, owner text NOT NULL, body text);
  ALTER TABLE secret ENABLE ROW LEVEL SECURITY;
  CREATE POLICY own ON secret USING (owner IS NOT NULL AND body IS NOT NULL);
  CREATE TABLE word (w filled, id int);
  CREATE TABLE ruled (id int NOT NULL, v text NOT NULL);
  CREATE TABLE ruled_log (id int, v text);
  CREATE RULE ruled_insert AS ON INSERT TO ruled DO INSTEAD
    INSERT INTO ruled_log VALUES (new.id, NULL) RETURNING ruled_log.id, ruled_log.v;
  CREATE RULE ruled_delete AS ON DELETE TO ruled DO INSTEAD
    UPDATE ruled_log SET v = NULL WHERE ruled_log.id = old.id RETURNING ruled_log.id, ruled_log.v;
  CREATE TABLE touched (id int NOT NULL, v text, changed text);
  CREATE FUNCTION touch() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
    new.v := CASE WHEN new.id % 2 = 0 THEN NULL ELSE 'touched' END; RETURN new; END $$;
  CREATE TRIGGER touching BEFORE INSERT OR UPDATE ON touched FOR EACH ROW EXECUTE FUNCTION touch();
  CREATE EXTENSION file_fdw;
  CREATE SERVER files FOREIGN DATA WRAPPER file_fdw;
  CREATE FOREIGN TABLE outside (id int NOT NULL, v text NOT NULL) SERVER files
    OPTIONS (program 'printf "1,\n,b\n3,c\n"', format 'csv');
  CREATE TABLE near_and_far (id int NOT NULL, v text NOT NULL) PARTITION BY LIST (id);
  CREATE FOREIGN TABLE far PARTITION OF near_and_far FOR VALUES IN (1, 2, 3) SERVER files
    OPTIONS (program 'printf "1,\n2,b\n"', format 'csv');
  CREATE TABLE near PARTITION OF near_and_far DEFAULT;

  CREATE VIEW members AS
    SELECT p.id, p.name, p.nick, t.title, m.since
    FROM person p LEFT JOIN member m ON m.person_id = p.id LEFT JOIN team t ON t.id = m.team_id;
  CREATE VIEW in_teams AS SELECT id, name, title FROM members WHERE title IS NOT NULL;
  CREATE VIEW team_sizes AS
    SELECT t.id, t.title, count(m.person_id) AS size, max(m.since) AS latest, min(m.person_id) AS first_person
    FROM team t LEFT JOIN member m ON m.team_id = t.id GROUP BY t.id, t.title;
  CREATE VIEW everything AS
    SELECT id, name AS label FROM person UNION ALL SELECT id, city FROM team;
  CREATE VIEW names AS WITH n AS (SELECT name FROM person) SELECT name, upper(name) AS loud FROM n;
  CREATE MATERIALIZED VIEW snapshot AS SELECT id, name, nick FROM person;
  CREATE VIEW simple_person AS SELECT id, name, nick, score FROM person;
  CREATE VIEW owned AS SELECT id, coalesce(nick, name) AS shown FROM person;
  CREATE FUNCTION owned_insert() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
    new.shown := NULL; RETURN new; END $$;
  CREATE TRIGGER owned_insert INSTEAD OF INSERT OR UPDATE ON owned
    FOR EACH ROW EXECUTE FUNCTION owned_insert();

  CREATE FUNCTION sql_strict(a int) RETURNS int LANGUAGE sql STRICT AS 'SELECT NULLIF($1, 3)';
  CREATE FUNCTION sql_plain(a int) RETURNS int LANGUAGE sql AS 'SELECT $1 + 1';
  CREATE FUNCTION sql_const() RETURNS int LANGUAGE sql RETURN 1;
  CREATE FUNCTION sql_sum(a int, b int DEFAULT 1) RETURNS int LANGUAGE sql IMMUTABLE RETURN a + b;
  CREATE FUNCTION sql_first(a int, b int) RETURNS int LANGUAGE sql RETURN a;
  CREATE FUNCTION sql_or(a int, b int) RETURNS int LANGUAGE sql RETURN coalesce(a, b, 0);
  CREATE FUNCTION sql_seven(a int DEFAULT NULL) RETURNS int LANGUAGE sql STRICT RETURN 7;
  CREATE FUNCTION sql_name(a int) RETURNS text LANGUAGE sql RETURN (SELECT name FROM person WHERE id = a);
  CREATE FUNCTION sql_count() RETURNS bigint LANGUAGE sql RETURN (SELECT count(*) FROM person);
  CREATE FUNCTION sql_many(VARIADIC a int[]) RETURNS int LANGUAGE sql RETURN a[1];
  CREATE FUNCTION sql_same(a anyelement) RETURNS anyelement LANGUAGE sql AS 'SELECT $1';
  CREATE FUNCTION again(a int) RETURNS int LANGUAGE sql RETURN 1;
  CREATE OR REPLACE FUNCTION again(a int) RETURNS int LANGUAGE sql
    RETURN CASE WHEN a > 0 THEN again(a - 1) ELSE NULL END;
  CREATE FUNCTION atomic(a int) RETURNS int LANGUAGE sql BEGIN ATOMIC; SELECT 1; SELECT a; END;
  CREATE FUNCTION pl_strict(a int) RETURNS int LANGUAGE plpgsql STRICT AS $$ BEGIN RETURN NULL; END $$;
  CREATE FUNCTION pl_plain(a int) RETURNS int LANGUAGE plpgsql AS $$ BEGIN RETURN a; END $$;
  CREATE FUNCTION pl_true(a int) RETURNS boolean LANGUAGE plpgsql AS $$ BEGIN RETURN true; END $$;
  CREATE FUNCTION pl_strict_true(a int) RETURNS boolean LANGUAGE plpgsql STRICT AS $$ BEGIN RETURN true; END $$;
  CREATE FUNCTION set_plain() RETURNS SETOF int LANGUAGE sql AS 'SELECT age FROM person';
  CREATE FUNCTION set_table() RETURNS TABLE (id int, note text) LANGUAGE sql AS 'SELECT id, nick FROM person';
  CREATE FUNCTION set_person() RETURNS SETOF person LANGUAGE sql AS 'SELECT * FROM person';
  CREATE FUNCTION give_pair(a int) RETURNS pair LANGUAGE sql RETURN ROW(a, NULL)::pair;
  CREATE FUNCTION give_single(a int) RETURNS single LANGUAGE sql RETURN ROW(a)::single;
  CREATE FUNCTION give_out(a int, OUT b int, OUT c text) LANGUAGE plpgsql AS $$ BEGIN b := a; END $$;
  CREATE FUNCTION maybe_equal(a mood, b int) RETURNS boolean LANGUAGE sql AS 'SELECT NULL::boolean';
  CREATE OPERATOR === (LEFTARG = mood, RIGHTARG = int, FUNCTION = maybe_equal);
  CREATE FUNCTION pair_equal(a single, b int) RETURNS boolean LANGUAGE plpgsql AS
    $$ BEGIN RETURN NULL; END $$;
  CREATE OPERATOR = (LEFTARG = single, RIGHTARG = int, FUNCTION = pair_equal);
  CREATE AGGREGATE last_of(int) (SFUNC = sql_first, STYPE = int);
  CREATE FUNCTION own_concat(VARIADIC "any") RETURNS text LANGUAGE internal STRICT AS 'text_concat';
`;

/** What PostgreSQL 18 has beyond that. */
export const SCHEMA_18 = `
  CREATE TABLE computed (a int, b int NOT NULL, c int GENERATED ALWAYS AS (a + b) VIRTUAL);
  CREATE TABLE unchecked (a int);
  INSERT INTO unchecked VALUES (NULL);
  ALTER TABLE unchecked ADD CONSTRAINT a_there NOT NULL a NOT VALID;
`;

type Value = string | number | null;

/** Random data for these tables: few rows, many NULLs, sometimes none at all. */
export function randomData(random: () => number): string {
  const below = (limit: number): number => Math.floor(random() * limit);
  const some = <T extends Value>(make: () => T): T | null => (random() < 0.4 ? null : make());
  const word = (): string => ['a', 'b', 'c', '', 'low', '7'][below(6)]!;
  const literal = (value: Value): string =>
    value === null ? 'NULL' : typeof value === 'number' ? `${value}` : `'${value}'`;
  const insert = (table: string, columns: string, rows: Value[][]): string =>
    rows.length === 0
      ? ''
      : `INSERT INTO ${table} (${columns}) VALUES ${rows
          .map((row) => `(${row.map(literal).join(', ')})`)
          .join(', ')} ON CONFLICT DO NOTHING;`;
  const many = (make: (index: number) => Value[]): Value[][] =>
    Array.from({ length: random() < 0.1 ? 0 : below(6) }, (_, index) => make(index));
  const people = many((index) => [
    index,
    word(),
    some(word),
    some(() => below(40)),
    index === 0 ? null : some(() => below(index)),
    some(() => ['low', 'high'][below(2)]!),
    some(() => ['{}', '{a,NULL}', '{b}'][below(3)]!),
    some(
      () => ['null', '{"a": 1}', '{"a": null, "b": [1, null]}', '[1, 2]', '"x"', '7'][below(6)]!,
    ),
    some(() => 1 + below(3)),
    some(() => ['(,)', '(1,a)', '(2,)'][below(3)]!),
    some(() => ['2024-01-01', '2025-02-02', 'infinity'][below(3)]!),
    some(() => ['true', 'false'][below(2)]!),
    below(100),
  ]);
  const person = (): number | null => (people.length === 0 ? null : below(people.length));
  const teams = many((index) => [index, word(), some(() => person() ?? 0), some(word)]);
  const checkedTeams = teams.map(([id, title, lead, city]) => [
    id!,
    title!,
    people.length === 0 ? null : lead!,
    city!,
  ]);
  const members =
    people.length === 0 || teams.length === 0
      ? []
      : many(() => [
          below(people.length),
          below(teams.length),
          some(() => ['2024-01-01', '2023-03-03'][below(2)]!),
          some(word),
        ]);
  return [
    `TRUNCATE person, team, member, event, log, base, secret, word, ruled, ruled_log, touched
       RESTART IDENTITY CASCADE;`,
    insert('person', 'id, name, nick, age, boss, mood, tags, doc, pos, p, born, ok, score', people),
    insert('team', 'id, title, lead, city', checkedTeams),
    insert('member', 'person_id, team_id, since, role', members),
    insert(
      'event',
      'person_id, kind, amount, at',
      many(() => [
        some(() => below(6)),
        word(),
        some(() => below(9)),
        ['2024-01-01', 'infinity', '-infinity'][below(3)]!,
      ]),
    ),
    insert(
      'log',
      'id, day, note',
      many((index) => [index, 10 + below(9), some(word)]),
    ),
    insert(
      'base',
      'id, v',
      many((index) => [index, some(word)]),
    ),
    insert(
      'derived',
      'id, v, extra',
      many((index) => [index, some(word), word()]),
    ),
    insert(
      'secret',
      'id, owner, body',
      many((index) => [index, word(), some(word)]),
    ),
    insert(
      'ruled_log',
      'id, v',
      many((index) => [index, word()]),
    ),
    // A domain that is NOT NULL lets NULL through where a subquery has no row.
    "INSERT INTO word SELECT (SELECT w FROM word WHERE false), 1; INSERT INTO word VALUES ('x', NULL);",
    insert(
      'touched',
      'id, v',
      many((index) => [index, some(word)]),
    ),
    'REFRESH MATERIALIZED VIEW snapshot;',
  ].join('\n');
}
