/**
 * A query a line, over the tables of `schema.ts`. In front of it stands for each column whether it can be
 * proved from the schema that it is not NULL, `!`, or not, `?`; then the first version that knows its syntax.
 */
export const CORPUS = `
!!??         SELECT id, name, nick, age FROM person
!!??????????!?      SELECT * FROM person p, LATERAL (SELECT p.age) s
!?           SELECT id, nick FROM person WHERE nick = 'a' OR age > 3
!!           SELECT id, nick FROM person WHERE nick IS NOT NULL
!!           SELECT id, nick FROM person WHERE nick = 'a'
!!!          SELECT id, nick, age FROM person WHERE (nick, age) = ('a', 3)
!!           SELECT age, boss FROM person WHERE age > boss
!?           SELECT age, boss FROM person WHERE age > 3 OR age IS NOT NULL
?            SELECT age FROM person WHERE age IS DISTINCT FROM 3
?            SELECT age FROM person WHERE NOT (age > 3 AND boss > 1)
!            SELECT age FROM person WHERE NOT (age IS NULL)
!?           SELECT age, boss FROM person WHERE NOT (age IS NULL OR boss > 3 AND age > 1)
!!           SELECT age, boss FROM person WHERE NOT (age IS NULL OR boss IS NULL)
?            SELECT age FROM person WHERE NOT (age IS NULL AND boss IS NULL)
!            SELECT age FROM person WHERE NOT (age IS NULL AND age > 3)
!            SELECT age FROM person WHERE (age IS NULL) IS FALSE
!            SELECT age FROM person WHERE (age IS NULL) IS NOT TRUE
?            SELECT age FROM person WHERE (age IS NULL) IS NOT FALSE
!            SELECT age FROM person WHERE NULLIF(age, 3) > 1
!?           SELECT age, boss FROM person WHERE (age, boss) > (3, 0)
?!           SELECT age, boss FROM person WHERE (3, 0) <= (boss, age)
!            SELECT age FROM person WHERE NOT (age > 3)
!            SELECT age FROM person WHERE (age > 3) IS TRUE
?            SELECT age FROM person WHERE (age > 3) IS NOT TRUE
!            SELECT age FROM person WHERE (age > 3) IS FALSE
?            SELECT age FROM person WHERE (age > 3) IS UNKNOWN
!            SELECT age FROM person WHERE age IN (1, 2, 3)
!            SELECT age FROM person WHERE age NOT IN (1, 2, 3)
!            SELECT age FROM person WHERE age BETWEEN 1 AND 30
?            SELECT age FROM person WHERE age <> ALL (ARRAY['{}'::int[]])
?            SELECT age FROM person WHERE age > ALL (ARRAY[ARRAY[]::int[]])
?            SELECT age FROM person WHERE age NOT IN (SELECT unnest(ARRAY['{}'::int[]]))
?            SELECT age FROM person WHERE age <> ALL (ARRAY(SELECT amount FROM event))
!            SELECT age FROM person WHERE age = ANY (ARRAY(SELECT amount FROM event))
!            SELECT age FROM person WHERE age IN (SELECT amount FROM event)
?            SELECT age FROM person WHERE age NOT IN (SELECT amount FROM event)
?            SELECT age FROM person WHERE EXISTS (SELECT FROM event WHERE amount = age)
?            SELECT age FROM person WHERE coalesce(age, 5) > 3
!            SELECT nick FROM person WHERE nick LIKE 'a%'
!            SELECT nick FROM person WHERE lower(nick) = 'a'
?            SELECT nick FROM person WHERE concat(nick, 'x') = 'x'
?            SELECT age FROM person WHERE pl_true(age)
!            SELECT age FROM person WHERE pl_strict_true(age)
?            SELECT p FROM person WHERE p IS NOT NULL AND false IS NULL
!!           SELECT p.name, t.title FROM person p JOIN team t ON t.lead = p.id
!?           SELECT p.name, t.title FROM person p LEFT JOIN team t ON t.lead = p.id
?!           SELECT p.name, t.title FROM person p RIGHT JOIN team t ON t.lead = p.id
??           SELECT p.name, t.title FROM person p FULL JOIN team t ON t.lead = p.id
!!           SELECT p.name, t.title FROM person p LEFT JOIN team t ON t.lead = p.id WHERE t.id > 0
!?           SELECT p.name, t.title FROM person p LEFT JOIN team t ON t.lead = p.id WHERE t.id > 0 OR p.id = 1
!!!          SELECT p.name, m.role, t.title FROM person p LEFT JOIN member m ON m.person_id = p.id JOIN team t ON t.id = m.team_id WHERE m.role <> ''
!??          SELECT p.name, m.person_id, t.title FROM person p LEFT JOIN member m ON m.person_id = p.id LEFT JOIN team t ON t.id = m.team_id
!??          SELECT p.name, m.person_id, t.title FROM person p LEFT JOIN (member m JOIN team t ON t.id = m.team_id) ON m.person_id = p.id
?!?          SELECT p.name, t.title, m.person_id FROM person p LEFT JOIN member m ON m.person_id = p.id RIGHT JOIN team t ON t.id = m.team_id
!!!          SELECT p.name, m.person_id, t.title FROM person p LEFT JOIN (member m LEFT JOIN team t ON t.id = m.team_id) ON m.person_id = p.id WHERE t.title LIKE '%'
??!          SELECT a.name, b.name, c.name FROM person a FULL JOIN person b ON b.boss = a.id RIGHT JOIN person c ON c.id = a.id AND c.id = b.id
!!           SELECT a.name, b.name FROM person a CROSS JOIN person b
!?           SELECT id, e.kind FROM person LEFT JOIN event e USING (id)
!!?          SELECT id, kind, name FROM person RIGHT JOIN event e USING (id)
!??          SELECT id, kind, name FROM person FULL JOIN event e USING (id)
!??          SELECT id, a.name, b.name FROM person a FULL JOIN person b USING (id) WHERE id > 0
!???         SELECT id, a.name, b.name, c.title FROM person a FULL JOIN person b USING (id) FULL JOIN team c USING (id)
!            SELECT id FROM person a FULL JOIN (SELECT id::bigint AS id FROM team) b USING (id)
?            SELECT age FROM person a FULL JOIN (SELECT amount AS age FROM event) b USING (age)
!!           SELECT a.id, b.id FROM person a NATURAL JOIN (SELECT id, name FROM person) b
!?           SELECT id, role FROM (SELECT person_id AS id, role FROM member) m NATURAL JOIN person
!!?          SELECT j.id, j.name, j.title FROM (person LEFT JOIN team USING (id)) AS j
!?           SELECT a.id, x.id FROM person a LEFT JOIN LATERAL (SELECT b.id FROM person b WHERE b.boss = a.id LIMIT 1) x ON true
!!           SELECT a.id, x.id FROM person a, LATERAL (SELECT b.id FROM person b WHERE b.boss = a.id LIMIT 1) x
!!           SELECT a.id, x.n FROM person a CROSS JOIN LATERAL (SELECT count(*) AS n FROM event e WHERE e.person_id = a.id) x
!?           SELECT a.id, x.n FROM person a CROSS JOIN LATERAL (SELECT max(amount) AS n FROM event e WHERE e.person_id = a.id) x
!?           SELECT a.id, x.n FROM person a LEFT JOIN LATERAL (SELECT count(*) AS n FROM event e WHERE e.person_id = a.id) x ON x.n > 1
!!           SELECT a.id, x.n FROM person a LEFT JOIN LATERAL (SELECT count(*) AS n FROM event e WHERE e.person_id = a.id) x ON true
!!           SELECT a.id, x.n FROM person a LEFT JOIN LATERAL (SELECT coalesce(json_agg(e), '[]') AS n FROM event e WHERE e.person_id = a.id) x ON true
!?           SELECT a.id, x.n FROM person a LEFT JOIN LATERAL (SELECT count(*) AS n FROM event e WHERE e.person_id = a.id) x ON NULL
!?           SELECT a.id, x.n FROM person a LEFT JOIN LATERAL (SELECT count(*) AS n FROM event e WHERE e.person_id = a.id GROUP BY e.kind) x ON true
?!?          SELECT a.id, x.n, b.id FROM (SELECT count(*) AS n FROM event) x LEFT JOIN (person a LEFT JOIN team b ON true) ON true
!!           SELECT x.n, a.id FROM (SELECT count(*) AS n FROM event) x RIGHT JOIN person a ON true
?            SELECT x.n FROM team t LEFT JOIN (person a LEFT JOIN LATERAL (SELECT count(*) AS n FROM event e WHERE e.person_id = a.id) x ON true) ON a.id = t.lead
!            SELECT x.age FROM person a, LATERAL (SELECT a.age) x WHERE a.age > 1
?            SELECT x.age FROM person a LEFT JOIN LATERAL (SELECT a.age) x ON a.age > 1
!            SELECT s.age FROM (SELECT age FROM person WHERE age > 1) s
?            SELECT s.age FROM (SELECT age FROM person WHERE age > 1 UNION ALL SELECT age FROM person) s
!?           WITH x AS (SELECT id, nick FROM person) SELECT id, nick FROM x
!?           WITH x AS (SELECT p.id, t.title FROM person p LEFT JOIN team t ON t.lead = p.id) SELECT * FROM x
!!           WITH x AS MATERIALIZED (SELECT p.id, t.title FROM person p LEFT JOIN team t ON t.lead = p.id) SELECT * FROM x WHERE title <> ''
!?           WITH x AS (SELECT id FROM person), y AS (SELECT id FROM x) SELECT y.id, x.id FROM y LEFT JOIN x ON x.id > y.id
!            WITH RECURSIVE r AS (SELECT 1 AS n UNION ALL SELECT n + 1 FROM r WHERE n < 5) SELECT n FROM r
?            WITH RECURSIVE r AS (SELECT 1 AS n UNION ALL SELECT NULLIF(n + 1, 4) FROM r WHERE n < 5) SELECT n FROM r
!!?          WITH RECURSIVE up AS (SELECT id, name, boss FROM person UNION SELECT p.id, p.name, p.boss FROM person p JOIN up ON up.boss = p.id) SELECT * FROM up
??           WITH RECURSIVE r(a, b) AS (SELECT 1, 2 UNION ALL SELECT b, NULL::int FROM r WHERE a < 3) SELECT a, b FROM r
?            WITH RECURSIVE r(a) AS (SELECT 1 UNION ALL (WITH i AS (SELECT NULLIF(a, 2) AS a FROM r) SELECT a + 1 FROM i WHERE true)) SELECT a FROM r LIMIT 3
???          WITH RECURSIVE r(a, b, c) AS (SELECT 1, 1, 1 UNION ALL SELECT b, c, NULL FROM (SELECT b, c FROM r WHERE a < 9) s) SELECT * FROM r LIMIT 5
!!?          WITH RECURSIVE r(a) AS (SELECT 1 UNION ALL SELECT a + 1 FROM r WHERE a < 3) SEARCH DEPTH FIRST BY a SET o SELECT a, a + 1, o FROM r
!!?          WITH RECURSIVE r(a) AS (SELECT 1 UNION ALL SELECT a % 3 + 1 FROM r) CYCLE a SET hit USING trail SELECT a, a * 2, hit FROM r
!?           WITH d AS (DELETE FROM event RETURNING id, amount) SELECT * FROM d
!!           WITH d AS (UPDATE event SET amount = 1 RETURNING id, kind) SELECT * FROM d
!            SELECT id FROM person UNION SELECT id FROM team
?            SELECT name FROM person UNION SELECT city FROM team
!            SELECT name FROM person EXCEPT SELECT city FROM team
!            SELECT name FROM person INTERSECT SELECT city FROM team
?            SELECT nick FROM person INTERSECT SELECT city FROM team
?            SELECT nick FROM person EXCEPT SELECT title FROM team
!            (SELECT id FROM person ORDER BY 1 LIMIT 1) UNION ALL (SELECT id FROM team UNION SELECT 5)
!?           SELECT 1, NULL::int UNION ALL SELECT 2, 3
!?           VALUES (1, 2), (3, NULL)
!!           VALUES (1, 'a'), (3, 'b')
!?           SELECT a, b FROM (VALUES (1, 2), (3, NULL)) v(a, b)
!            SELECT v.a FROM person p, LATERAL (VALUES (p.id), (p.id + 1)) v(a)
?            SELECT (SELECT p.name FROM person p WHERE p.id = t.lead) FROM team t
!            SELECT (SELECT count(*) FROM person p WHERE p.id = t.lead) FROM team t
?            SELECT (SELECT max(id) FROM person p WHERE p.id = t.lead) FROM team t
?            SELECT (SELECT count(*) FROM person p GROUP BY name LIMIT 1) FROM team t
?            SELECT (SELECT count(*) FROM person HAVING count(*) > 3)
?            SELECT (SELECT count(*) FROM person LIMIT 0)
?            SELECT (SELECT count(*) FROM person OFFSET 1)
!            SELECT (SELECT 1)
?            SELECT (SELECT 1 WHERE false)
?            SELECT (SELECT 1 FROM person LIMIT 1)
!            SELECT EXISTS (SELECT FROM person)
!            SELECT ARRAY(SELECT age FROM person)
!            SELECT ARRAY[age, NULL] FROM person
?            SELECT 'c' = ANY (ARRAY(SELECT tags FROM person WHERE tags IS NOT NULL))
?            SELECT x FROM unnest(ARRAY(SELECT tags FROM person WHERE cardinality(tags) = 2)) x
!            SELECT x FROM unnest(ARRAY(SELECT name FROM person)) x
!            SELECT id = ANY (SELECT id FROM team) FROM person
?            SELECT id = ANY (SELECT lead FROM team) FROM person
?            SELECT age IN (SELECT id FROM team) FROM person
!            SELECT id IN (1, 2) FROM person
?            SELECT id IN (1, NULL) FROM person
?            SELECT id = ANY ('{1,NULL}'::int[]) FROM person
?            SELECT (id, name) IN (SELECT id, city FROM team) FROM person
!!           SELECT count(*), count(age) FROM person
?????        SELECT sum(id), max(id), array_agg(id), string_agg(name, ','), avg(score) FROM person
!!!!!        SELECT sum(id), max(id), array_agg(age), string_agg(name, ','), avg(score) FROM person GROUP BY name
!??          SELECT name, sum(age), max(nick) FROM person GROUP BY name
?!           SELECT nick, count(*) FROM person GROUP BY nick
!!           SELECT nick, count(*) FROM person GROUP BY nick HAVING nick <> ''
!?           SELECT count(*), sum(id) FILTER (WHERE age > 3) FROM person GROUP BY name
!!!          SELECT json_agg(age), jsonb_agg(nick), json_object_agg(name, age) FROM person GROUP BY ok
!?           SELECT percentile_cont(0.5) WITHIN GROUP (ORDER BY id), percentile_disc(0.5) WITHIN GROUP (ORDER BY age) FROM person GROUP BY name
??           SELECT mode() WITHIN GROUP (ORDER BY age), stddev(id) FROM person GROUP BY name
!?           SELECT bool_and(id > 1), bool_or(age > 1) FROM person GROUP BY name
?            SELECT last_of(id) FROM person GROUP BY name
!            SELECT coalesce(sum(age), 0) FROM person
?            SELECT sum(id) + count(*) FROM person
??!          SELECT name, ok, count(*) FROM person GROUP BY GROUPING SETS ((name), (ok))
??!          SELECT name, id, count(*) FROM person GROUP BY ROLLUP (name, id)
??!          SELECT id, name, grouping(id) FROM person GROUP BY CUBE (id, name)
?            SELECT coalesce(age, 0) FROM person GROUP BY ROLLUP (coalesce(age, 0))
?            SELECT coalesce(age, 0) + 1 FROM person GROUP BY ROLLUP (coalesce(age, 0))
?            SELECT age IS NULL FROM person GROUP BY ROLLUP (age IS NULL)
?            SELECT concat(name, 'x') FROM person GROUP BY GROUPING SETS (concat(name, 'x'), ())
?            SELECT ROW(id, name) FROM person GROUP BY ROLLUP (ROW(id, name))
!            SELECT coalesce(age, 0) FROM person GROUP BY coalesce(age, 0)
??           SELECT id, (SELECT p.id) FROM person p GROUP BY ROLLUP (id)
??           SELECT x, name FROM (SELECT 1 AS x, name FROM person) s GROUP BY ROLLUP (x, name)
?            SELECT name FROM person GROUP BY name, ROLLUP (name)
!!           SELECT id, row_number() OVER (ORDER BY age) FROM person
!!!          SELECT rank() OVER w, dense_rank() OVER w, cume_dist() OVER w FROM person WINDOW w AS (ORDER BY age)
????         SELECT lag(id) OVER w, lead(id) OVER w, lag(id, 1, age) OVER w, nth_value(id, 2) OVER w FROM person WINDOW w AS (ORDER BY age)
!            SELECT lag(id, 1, 0) OVER (ORDER BY age) FROM person
?            SELECT lag(id, age, 0) OVER (ORDER BY age) FROM person
?            SELECT ntile(age) OVER (ORDER BY id) FROM person WHERE age IS NULL
!            SELECT ntile(3) OVER (ORDER BY id) FROM person
!!!          SELECT first_value(id) OVER w, last_value(id) OVER w, sum(id) OVER w FROM person WINDOW w AS (ORDER BY age)
??           SELECT first_value(age) OVER w, sum(age) OVER w FROM person WINDOW w AS (ORDER BY age)
?            SELECT sum(id) OVER (ORDER BY id ROWS BETWEEN 2 PRECEDING AND 1 PRECEDING) FROM person
?            SELECT sum(id) OVER (ORDER BY id ROWS BETWEEN 1 FOLLOWING AND 2 FOLLOWING) FROM person
!            SELECT sum(id) OVER (ORDER BY id ROWS BETWEEN 1 PRECEDING AND 1 FOLLOWING) FROM person
?            SELECT sum(id) OVER (ORDER BY id ROWS BETWEEN 1 PRECEDING AND 1 FOLLOWING EXCLUDE CURRENT ROW) FROM person
?            SELECT first_value(id) OVER (ORDER BY age GROUPS UNBOUNDED PRECEDING EXCLUDE GROUP) FROM person
!!           SELECT count(*) OVER (), sum(count(*)) OVER () FROM person GROUP BY name
?            SELECT CASE WHEN age IS NOT NULL THEN first_value(age) OVER (ORDER BY id) ELSE 0 END FROM person
?            SELECT CASE WHEN age IS NULL THEN 0 ELSE last_value(age) OVER (ORDER BY id ROWS BETWEEN CURRENT ROW AND UNBOUNDED FOLLOWING) END FROM person
?            SELECT CASE WHEN age IS NOT NULL THEN lag(age, 1, 0) OVER (ORDER BY id) ELSE 0 END FROM person
?            SELECT CASE WHEN age IS NULL THEN 0 ELSE lead(age, 1, 0) OVER (ORDER BY id) + 1 END FROM person
?            SELECT age IS NOT NULL AND first_value(age) OVER (ORDER BY id) > 1 FROM person
?            SELECT age IS NULL OR lag(age, 1, 0) OVER (ORDER BY id) > 1 FROM person
!            SELECT CASE WHEN age IS NOT NULL THEN max(age) OVER (ORDER BY id) ELSE 0 END FROM person
!!           SELECT first_value(age) OVER (ORDER BY id), lag(age, 1, 0) OVER (ORDER BY id) FROM person WHERE age IS NOT NULL
?            SELECT sum(id) FILTER (WHERE age > 2) OVER () FROM person
?            SELECT DISTINCT ON (name) age FROM person ORDER BY name, age
!            SELECT DISTINCT name FROM person
?!           SELECT nick, coalesce(nick, name) FROM person
?            SELECT coalesce(nick, NULL) FROM person
?            SELECT NULLIF(id, 1) FROM person
!?           SELECT greatest(id, age), least(age, boss) FROM person
!            SELECT CASE WHEN age > 1 THEN age ELSE 0 END FROM person
?            SELECT CASE WHEN age > 1 THEN 'x' END FROM person
?            SELECT CASE WHEN age > 1 THEN nick ELSE 'x' END FROM person
!            SELECT CASE WHEN nick IS NULL THEN 'none' ELSE nick END FROM person
?            SELECT CASE WHEN nick IS NULL AND age > 1 THEN 'none' ELSE nick END FROM person
!            SELECT CASE WHEN nick IS NULL OR age > 1 THEN 'none' ELSE nick END FROM person
!            SELECT CASE name WHEN 'a' THEN 1 ELSE 2 END FROM person
?            SELECT CASE nick WHEN 'a' THEN 1 ELSE age END FROM person
!!!?         SELECT age IS NULL, (age > 3) IS TRUE, age IS DISTINCT FROM boss, age > 3 FROM person
!?           SELECT id > 3 AND name = 'a', id > 3 AND age > 3 FROM person
!            SELECT age IS NOT NULL AND age > 3 FROM person
!            SELECT age IS NULL OR age > 3 FROM person
!?           SELECT name || 'x', nick || 'x' FROM person
!!           SELECT concat(nick, age), concat_ws(',', nick, age) FROM person
!!           SELECT format('%s', nick), num_nulls(nick, age) FROM person
?            SELECT concat(VARIADIC tags) FROM person
?            SELECT own_concat(nick, 'x') FROM person
!!!          SELECT length(name), upper(name), substr(name, 1, 2) FROM person
??           SELECT length(nick), upper(nick) FROM person
!!           SELECT id::text, score::int FROM person
?            SELECT age::bigint FROM person
!!!!         SELECT now(), current_date, current_user, random() FROM person
?            SELECT current_schema
?            SELECT substring(name FROM 'x(.*)') FROM person
?            SELECT regexp_match(name, 'a') FROM person
?            SELECT array_position(tags, 'a') FROM person
??           SELECT array_length(tags, 1), tags[1] FROM person
?            SELECT array_length('{}'::int[], 1)
?            SELECT to_jsonb(nick) FROM person
!            SELECT to_jsonb(name) FROM person
!!           SELECT json_build_object('a', age), jsonb_build_array(age) FROM person
?!           SELECT row_to_json(p), row_to_json(t) FROM person p, team t
????         SELECT doc -> 'a', doc ->> 'a', doc #> '{a}', jsonb_extract_path(doc, 'a') FROM person
??           SELECT doc -> 'a', doc ->> 'a' FROM person WHERE doc ? 'a'
??           SELECT doc['a'], jsonb_path_query_first(doc, '$.a') FROM person WHERE doc IS NOT NULL
?            SELECT jsonb_typeof(doc) FROM person
??           SELECT e.key, e.value FROM person p LEFT JOIN LATERAL jsonb_each_text(CASE WHEN jsonb_typeof(p.doc) = 'object' THEN p.doc END) e ON true
!?           SELECT e.key, e.value FROM person p, jsonb_each_text(CASE WHEN jsonb_typeof(p.doc) = 'object' THEN p.doc END) e
?            SELECT x.a FROM person p, jsonb_to_record(CASE WHEN jsonb_typeof(p.doc) = 'object' THEN p.doc END) AS x(a int)
?            SELECT jsonb_array_elements_text(CASE WHEN jsonb_typeof(doc) = 'array' THEN doc END) FROM person
!            SELECT ROW(age, nick) FROM person
!            SELECT person FROM person
?            SELECT t FROM person p LEFT JOIN team t ON t.lead = p.id
??           SELECT (p).x, (p).y FROM person
?            SELECT (give_pair(id)).x FROM person
??           SELECT * FROM give_pair(1)
??           SELECT b, c FROM give_out(1)
?            SELECT x FROM give_single(NULL)
?            SELECT x FROM sql_same(ROW(NULL)::single)
??           SELECT x, y FROM sql_same(ROW(NULL, 'a')::pair)
!            SELECT x FROM generate_series(1, 3) x
!!           SELECT x, o FROM generate_series(1, 3) WITH ORDINALITY AS g(x, o)
!            SELECT generate_series(1, id) FROM person
??           SELECT generate_series(1, 2), generate_series(1, id) FROM person
??           SELECT * FROM ROWS FROM (generate_series(1, 3), generate_series(1, 2)) AS g(a, b)
?            SELECT unnest(tags) FROM person
?            SELECT t FROM person, unnest(tags) t
!            SELECT t FROM unnest(ARRAY[1, 2]) t
?            SELECT t FROM unnest(ARRAY[1, NULL]) t
?            SELECT t FROM unnest(ARRAY(SELECT age FROM person)) t
!            SELECT t FROM unnest(ARRAY(SELECT id FROM person)) t
??           SELECT x, y FROM unnest(ARRAY[ROW(1, NULL)::pair])
?            SELECT x FROM unnest(ARRAY[ROW(NULL)::single])
??           SELECT a, b FROM unnest(ARRAY[1, 2], ARRAY[3]) u(a, b)
?            SELECT * FROM set_plain()
??           SELECT * FROM set_table()
??           SELECT id, name FROM set_person()
??????       SELECT sql_strict(id), sql_plain(id), pl_strict(id), pl_plain(id), sql_name(id), again(id) FROM person
!!!!!        SELECT sql_const(), sql_sum(id, id), sql_first(id, age), sql_or(age, boss), sql_count() FROM person
?            SELECT sql_first(b => id, a => age) FROM person
!            SELECT sql_first(b => age, a => id) FROM person
?            SELECT sql_sum(b => id, a => age) FROM person
?            SELECT sql_seven() FROM person
!            SELECT sql_seven(id) FROM person
?            SELECT atomic(id) FROM person
?            SELECT sql_many(id, age) FROM person
?            SELECT 'low'::mood === id FROM person
?            SELECT ROW(1)::single = id FROM person
!?           SELECT id, nick FROM members
!!??         SELECT id, name, title, since FROM members
!!!          SELECT id, name, title FROM in_teams
!!!??        SELECT id, title, size, latest, first_person FROM team_sizes
!?           SELECT id, label FROM everything
!!           SELECT name, loud FROM names
!!?          SELECT id, name, nick FROM snapshot
!!           SELECT id, shown FROM owned
!!           SELECT m.id, t.size FROM members m JOIN team_sizes t USING (id)
!?           SELECT m.id, t.size FROM members m LEFT JOIN team_sizes t USING (id)
!!?          SELECT id, day, note FROM log
!            SELECT note FROM log WHERE note > ''
!?           SELECT id, v FROM base
!?!          SELECT id, v, extra FROM derived
!!?          SELECT id, owner, body FROM secret
??           SELECT w, id FROM word
??           SELECT id, v FROM outside
??           SELECT id, v FROM near_and_far
?            SELECT id FROM far
!!           SELECT tableoid, ctid FROM person
!?!?!?!      SELECT * FROM event
!            INSERT INTO team (id, title) VALUES (77, 'x') RETURNING id
!?           INSERT INTO event (kind) VALUES ('x') RETURNING id, doubled
!!           INSERT INTO event (kind, person_id) VALUES ('x', 1) RETURNING at, label
!            INSERT INTO team (id, title) VALUES (1, 'x') ON CONFLICT (id) DO UPDATE SET title = excluded.title || team.title RETURNING title
?            INSERT INTO team (id, title) VALUES (1, 'x') ON CONFLICT (id) DO UPDATE SET city = NULL RETURNING city
??           INSERT INTO ruled VALUES (1, 'a') RETURNING id, v
??           INSERT INTO owned VALUES (1, 'a') RETURNING id, shown
??           UPDATE owned SET id = 1 WHERE shown > '' RETURNING id, shown
!?           INSERT INTO touched VALUES (2, 'a') RETURNING id, v
?            UPDATE touched SET v = 'x' WHERE v IS NOT NULL RETURNING v
?            UPDATE person SET nick = NULL WHERE nick = 'a' RETURNING nick
!            UPDATE person SET nick = 'x' RETURNING name
!!           UPDATE event SET amount = p.age FROM person p WHERE p.id = event.person_id AND p.nick <> '' RETURNING event.id, p.nick
!?           UPDATE event SET amount = 1 FROM person p LEFT JOIN team t ON t.lead = p.id WHERE p.id = event.person_id RETURNING p.name, t.title
!!           DELETE FROM event WHERE amount > 3 RETURNING id, amount
!            DELETE FROM event e USING person p WHERE p.id = e.person_id AND p.age = 3 RETURNING p.age
??           UPDATE simple_person SET nick = NULL WHERE nick > '' RETURNING nick, name
!!           SELECT relname, relkind FROM pg_class
?            SELECT relacl FROM pg_class
!            SELECT count(*) FROM information_schema.tables
?!   @16     SELECT nick IS JSON, name IS JSON FROM person
!    @16     SELECT any_value(id) FROM person GROUP BY name
!!   @16     SELECT JSON_ARRAYAGG(nick), JSON_ARRAYAGG(age) FROM person GROUP BY ok
!    @16     SELECT JSON_OBJECT('a': age) FROM person
?    @17     SELECT JSON_VALUE(doc, '$.a') FROM person
??   @17     SELECT a, b FROM person, JSON_TABLE(doc, '$' COLUMNS (a int PATH '$.a' NULL ON ERROR, b text PATH '$.b' NULL ON ERROR))
?!   @17     MERGE INTO touched t USING person p ON t.id = p.id WHEN MATCHED THEN DO NOTHING WHEN NOT MATCHED THEN INSERT VALUES (p.id, p.nick) RETURNING t.v, p.name
!!!  @17     MERGE INTO team t USING person p ON t.id = p.id WHEN MATCHED THEN UPDATE SET title = p.name RETURNING t.id, p.name, merge_action()
!?   @17     MERGE INTO team t USING person p ON t.id = p.id WHEN MATCHED THEN UPDATE SET title = 'x' WHEN NOT MATCHED BY SOURCE THEN DELETE RETURNING t.id, p.name
!?!? @18     UPDATE event SET amount = NULL WHERE amount > 1 RETURNING old.id, old.doubled, new.id, new.amount
??   @18     INSERT INTO event (kind) VALUES ('x') RETURNING old.id, old.kind
!!?? @18     DELETE FROM event WHERE amount IS NOT NULL RETURNING old.id, old.amount, new.id, new.amount
?!   @18     INSERT INTO team (id, title) VALUES (1, 'x') ON CONFLICT (id) DO UPDATE SET title = 'y' RETURNING old.title, new.title
??!  @18     MERGE INTO team t USING person p ON t.id = p.id WHEN MATCHED THEN UPDATE SET title = p.name WHEN NOT MATCHED THEN INSERT VALUES (p.id, p.name) RETURNING old.title, new.title, p.name
?    @18     DELETE FROM event RETURNING new
!    @18     DELETE FROM event RETURNING old
?!?  @18     SELECT * FROM computed
?    @18     SELECT a FROM unchecked
!?!          SELECT extract(day FROM at - now()), extract(minute FROM at - now()), date_part('epoch', at - now()) FROM event
?!!?         SELECT extract(day FROM at), extract(epoch FROM at), date_part('year', at::timestamp), date_part('month', at) FROM event
?!           SELECT extract(week FROM at), extract(julian FROM at::date) FROM event
`;
