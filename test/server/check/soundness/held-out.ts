/** As the corpus; written before the first run of either, and not to be looked at while the inference is mended. */
export const HELD_OUT = `
!?!          SELECT p.name, b.name, coalesce(b.name, 'nobody') FROM person p LEFT JOIN person b ON b.id = p.boss
!!           SELECT t.title, count(m.person_id) FROM team t LEFT JOIN member m ON m.team_id = t.id GROUP BY t.id
!?           SELECT t.title, string_agg(p.name, ', ' ORDER BY p.name) FROM team t LEFT JOIN member m ON m.team_id = t.id LEFT JOIN person p ON p.id = m.person_id GROUP BY t.id
!!           SELECT t.title, coalesce(string_agg(p.name, ', '), '') FROM team t LEFT JOIN member m ON m.team_id = t.id LEFT JOIN person p ON p.id = m.person_id GROUP BY t.id
!!?          SELECT id, name, (SELECT kind FROM event e WHERE e.person_id = person.id ORDER BY at DESC LIMIT 1) AS last FROM person
?!           SELECT s.kind, s.n FROM (SELECT e.kind, count(*) AS n FROM person p LEFT JOIN event e ON e.person_id = p.id GROUP BY e.kind) s
!!           SELECT * FROM (SELECT e.kind, count(*) AS n FROM person p JOIN event e ON e.person_id = p.id GROUP BY e.kind) s ORDER BY n DESC
!!!          WITH ranked AS (SELECT id, kind, row_number() OVER (PARTITION BY person_id ORDER BY at) AS place FROM event) SELECT id, kind, place FROM ranked WHERE place = 1
?            WITH x AS (SELECT max(age) AS a FROM person) SELECT a FROM x
!            WITH x AS (SELECT max(age) AS a FROM person) SELECT a FROM x WHERE a > 0
?            WITH x AS (SELECT max(age) AS a FROM person) SELECT x.a FROM person LEFT JOIN x ON x.a = person.age
!!?          WITH RECURSIVE tree AS (SELECT id, 0 AS depth, boss FROM person WHERE boss IS NULL UNION ALL SELECT p.id, t.depth + 1, p.boss FROM person p JOIN tree t ON p.boss = t.id) SELECT * FROM tree
!?           WITH RECURSIVE tree AS (SELECT id, nick AS path FROM person WHERE boss IS NULL UNION ALL SELECT p.id, t.path || p.name FROM person p JOIN tree t ON p.boss = t.id) SELECT * FROM tree
!!           WITH RECURSIVE tree AS (SELECT id, name AS path FROM person WHERE boss IS NULL UNION ALL SELECT p.id, t.path || p.name FROM person p JOIN tree t ON p.boss = t.id) SELECT * FROM tree
?            WITH RECURSIVE tree AS (SELECT id, name AS path FROM person UNION ALL SELECT p.id, t.path || p.nick FROM person p JOIN tree t ON p.boss = t.id WHERE length(t.path) < 5) SELECT path FROM tree
?            SELECT a.nick FROM person a JOIN person b ON a.nick IS NOT DISTINCT FROM b.nick
!            SELECT a.nick FROM person a JOIN person b ON a.nick = b.name
?            SELECT b.nick FROM person a LEFT JOIN person b ON a.nick = b.nick
!            SELECT a.age FROM person a LEFT JOIN person b ON a.id = b.boss WHERE a.age = b.age
!!           SELECT a.age, b.name FROM person a LEFT JOIN person b ON a.id = b.boss WHERE a.age + 1 = b.age
??           SELECT a.id, b.id FROM person a FULL JOIN person b ON a.id = b.boss WHERE a.id IS NULL OR b.id IS NULL
!?           SELECT a.id, b.id FROM person a FULL JOIN person b ON a.id = b.boss WHERE a.id IS NOT NULL
!            SELECT coalesce(a.id, b.id, 0) FROM person a FULL JOIN person b ON a.id = b.boss
?            SELECT coalesce(a.id, b.id) FROM person a FULL JOIN person b ON a.id = b.boss
!?           SELECT e.id, p.name FROM event e LEFT JOIN person p ON p.id = e.person_id AND p.age > 3
!?!          SELECT e.id, p.name, p.name IS NULL FROM event e LEFT JOIN (SELECT * FROM person WHERE nick IS NOT NULL) p ON p.id = e.person_id
?            SELECT p.nick FROM event e LEFT JOIN (SELECT * FROM person WHERE nick IS NOT NULL) p ON p.id = e.person_id
!            SELECT p.nick FROM event e LEFT JOIN (SELECT * FROM person WHERE nick IS NOT NULL) p ON p.id = e.person_id WHERE p.id IS NOT NULL
?            SELECT count(x) FILTER (WHERE x > 1) + max(x) FROM generate_series(1, 0) x
!            SELECT count(x) FILTER (WHERE x > 1) FROM generate_series(1, 0) x
?!           SELECT age / NULLIF(id, 0), id % 7 FROM person
!!           SELECT extract(year FROM at), date_trunc('day', at) FROM event
?            SELECT extract(year FROM born) FROM person
!            SELECT extract(year FROM born) FROM person WHERE born IS NOT NULL
?!           SELECT to_char(at, 'YYYY'), age(at) FROM event
?            SELECT at - lag(at) OVER (ORDER BY at) FROM event
!!           SELECT sum(id) OVER (PARTITION BY name ORDER BY id), avg(score) OVER (PARTITION BY name) FROM person
?            SELECT max(age) OVER (PARTITION BY name) FROM person
?            SELECT last_value(id) OVER (ORDER BY id RANGE BETWEEN 3 FOLLOWING AND UNBOUNDED FOLLOWING) FROM person
!            SELECT last_value(id) OVER (ORDER BY id RANGE BETWEEN CURRENT ROW AND UNBOUNDED FOLLOWING) FROM person
?            SELECT sum(amount) FROM event GROUP BY kind HAVING sum(amount) IS NOT NULL OR true
!??          SELECT count(*), kind, person_id FROM event GROUP BY GROUPING SETS ((kind, person_id), (kind), ())
??           SELECT kind || 'x', upper(kind) FROM event GROUP BY ROLLUP (kind)
?            SELECT kind = 'a' FROM event GROUP BY ROLLUP (kind = 'a')
?            SELECT grouping(kind) + CASE WHEN kind = 'a' THEN 1 ELSE 2 END + length(kind) FROM event GROUP BY CUBE (kind)
?            SELECT ARRAY[kind] FROM event GROUP BY ROLLUP (ARRAY[kind])
?            SELECT CASE WHEN amount > 1 THEN 1 ELSE 0 END FROM event GROUP BY ROLLUP (CASE WHEN amount > 1 THEN 1 ELSE 0 END)
?            SELECT s.k FROM (SELECT coalesce(kind, 'x') AS k FROM event GROUP BY CUBE (coalesce(kind, 'x'))) s
!            SELECT array_agg(DISTINCT kind) FROM event GROUP BY person_id
?            SELECT (array_agg(kind))[2] FROM event GROUP BY person_id
?            SELECT array_agg(kind) FROM event HAVING true
!            SELECT jsonb_agg(e ORDER BY e.id) FROM event e GROUP BY e.kind
?            SELECT jsonb_agg(e) FROM event e WHERE false
!            SELECT coalesce(jsonb_agg(e), '[]') FROM event e WHERE false
!            SELECT ARRAY(SELECT kind FROM event WHERE false)
?            SELECT jsonb_object_agg(kind, amount) FROM event
!            SELECT jsonb_set('{"a": 1}', '{a}', '2')
?            SELECT jsonb_set(doc, '{a}', to_jsonb(age)) FROM person WHERE jsonb_typeof(doc) = 'object'
?            SELECT jsonb_set_lax('{"a": 1}', '{a}', NULL, true, 'return_target') -> 'b'
?            SELECT doc || NULL FROM person WHERE doc IS NOT NULL
!            SELECT doc IS NULL OR jsonb_typeof(doc) = 'null' FROM person
?            SELECT jsonb_path_query_array(doc, '$.a') FROM person
?            SELECT jsonb_path_exists(doc, '$.a') FROM person WHERE doc IS NOT NULL
?            SELECT doc @@ '$.a' FROM person WHERE doc IS NOT NULL
!            SELECT k FROM person, jsonb_object_keys(CASE WHEN jsonb_typeof(doc) = 'object' THEN doc END) k
?            SELECT string_to_array(nick, ',') FROM person
!            SELECT string_to_array(name, ',') FROM person
?            SELECT split_part(nick, ',', 1) FROM person
!            SELECT split_part(name, ',', 1) FROM person
??           SELECT (regexp_matches(name, '(x)?'))[1], regexp_substr(name, 'q') FROM person
!            SELECT regexp_replace(name, 'a', 'b') FROM person
!            SELECT regexp_split_to_table(name, 'a') FROM person
?            SELECT string_to_table(name, ',', 'a') FROM person
!?           SELECT array_append(tags, 'x'), array_remove(tags, 'x') FROM person
?            SELECT tags || NULL::text[] FROM person
?            SELECT tags[1:1] FROM person
!            SELECT array_to_string(ARRAY[nick, 'x'], ',') FROM person
?            SELECT array_to_string(tags, ',') FROM person
!!           SELECT cardinality(ARRAY[1]), array_cat(ARRAY[1], NULL)
??           SELECT lower(r), upper(r) FROM (SELECT int4range(age, NULL) AS r FROM person) s
?            SELECT upper(int4range(1, NULL))
?            SELECT min(r) FROM (SELECT score AS r FROM person) s
!            SELECT pos IS NULL FROM person
?            SELECT pos + 1 FROM person
!            SELECT pos + 1 FROM person WHERE pos > 0
!            SELECT 5::positive
?            SELECT NULL::positive
?            SELECT w || 'x' FROM word WHERE id IS NULL OR id = 1
!            SELECT w FROM word WHERE w > ''
?            SELECT x FROM sql_same((SELECT age FROM person LIMIT 1)) x
!            SELECT x FROM sql_const() x
?            SELECT x FROM person LEFT JOIN sql_const() x ON false
!            SELECT sql_sum(3)
?            SELECT sql_sum(NULL)
!            SELECT sql_or(NULL, NULL)
?            SELECT sql_sum(sql_strict(3))
?            SELECT max(sql_or(age, 1)) FROM person
?            SELECT sql_seven(age) FROM person
?            SELECT sql_seven(a => age) FROM person
?            SELECT own_concat(age, 'x') FROM person
?            SELECT (sql_same(p)).x FROM person
?            SELECT sql_same(id) FROM person
??           SELECT p.p, p FROM person p
??           SELECT (x.p).x, x.nick FROM (SELECT p, nick FROM person) x
!            SELECT s FROM (SELECT id, nick FROM person) s
?            SELECT s FROM person p LEFT JOIN (SELECT id, nick FROM person) s ON s.id > p.id
?            SELECT (SELECT s FROM (SELECT p.id) s WHERE p.id > 2) FROM person p
?            SELECT ROW(1, 2) = ROW(id, age) FROM person
?            SELECT (id, name) < (age, 'a') FROM person
!            SELECT id BETWEEN 1 AND 2 FROM person
?            SELECT id BETWEEN 1 AND age FROM person
?            SELECT age = ALL (SELECT age FROM person WHERE false) AND age > 1 FROM person
?            SELECT id > ALL (SELECT age FROM person) FROM person
!            SELECT id > ALL (SELECT id FROM person) FROM person
?            SELECT id = ANY (tags::int[]) FROM person WHERE tags IS NULL
?            SELECT NOT (age > 3) FROM person
!            SELECT NOT (age IS NULL) FROM person
?            SELECT age > 3 OR boss IS NULL FROM person
?            SELECT CASE WHEN EXISTS (SELECT FROM event e WHERE e.person_id = p.id) THEN p.age ELSE 0 END FROM person p
?            SELECT CASE WHEN (SELECT p.age) > 1 THEN p.nick ELSE 'x' END FROM person p
!            SELECT CASE WHEN age IS NOT NULL THEN (SELECT age) ELSE 0 END FROM person
?            SELECT CASE WHEN age IS NULL THEN 1 WHEN nick = 'a' THEN length(nick) ELSE boss END FROM person
!            SELECT CASE WHEN age IS NULL THEN 1 WHEN nick = 'a' THEN length(nick) ELSE age END FROM person
!!           SELECT p.id, m.since IS NULL FROM person p LEFT JOIN member m ON m.person_id = p.id
!            SELECT person_id FROM member NATURAL LEFT JOIN (SELECT id AS person_id, name FROM person) x
?            SELECT name FROM member NATURAL LEFT JOIN (SELECT id AS person_id, name FROM person) x
!            SELECT person_id FROM member NATURAL FULL JOIN (SELECT id AS person_id, name FROM person) x
?            SELECT person_id FROM event e FULL JOIN member m USING (person_id)
?            SELECT j.person_id FROM person p LEFT JOIN (event e JOIN member m USING (person_id)) j ON j.person_id = p.id
!            SELECT person_id FROM event e JOIN member m USING (person_id)
?            SELECT e.person_id FROM event e LEFT JOIN member m USING (person_id)
!?           SELECT a.id, b.note FROM log a LEFT JOIN log_early b ON b.id = a.id
!            SELECT note FROM log_early
?            SELECT note FROM log_rest
?!           SELECT v, tableoid::regclass FROM base
?            SELECT b.extra FROM base a LEFT JOIN derived b ON b.id = a.id
?            SELECT v FROM ONLY base
?            SELECT o.id FROM person p JOIN outside o ON true
?            SELECT o.v FROM person p LEFT JOIN near_and_far o ON true
!            SELECT o.id FROM person p JOIN outside o ON o.id = p.id
?            SELECT title FROM members
?            SELECT title || 'x' FROM members WHERE since IS NOT NULL OR true
!            SELECT m.title FROM members m WHERE m.title = 'a'
?            SELECT u.label FROM everything u JOIN everything w USING (id)
!            SELECT u.id FROM everything u LEFT JOIN everything w USING (id)
?            SELECT w.loud FROM everything u LEFT JOIN names w ON w.name = u.label
!            SELECT size + 1 FROM team_sizes
?            SELECT first_person FROM team_sizes
?!           INSERT INTO log VALUES (1, 1, 'x'), (2, 20, NULL) RETURNING note, id
!?           INSERT INTO person (id, name, score) VALUES (99, 'z', 1) RETURNING name, age
?            INSERT INTO word SELECT (SELECT w FROM word WHERE false), 2 RETURNING w
??           WITH i AS (INSERT INTO owned VALUES (1, 'a') RETURNING *) SELECT * FROM i
!?           WITH u AS (UPDATE person SET nick = NULL RETURNING id, nick) SELECT u.id, u.nick FROM u JOIN person USING (id)
?            UPDATE log SET note = NULL WHERE note > '' RETURNING note
?            UPDATE touched t SET v = o.v FROM touched o WHERE o.id = t.id AND t.v IS NOT NULL RETURNING t.v
!            UPDATE touched t SET v = NULL FROM touched o WHERE o.id = t.id AND o.v IS NOT NULL RETURNING o.v
!            DELETE FROM touched WHERE v IS NOT NULL RETURNING v
?            DELETE FROM touched t USING person p LEFT JOIN team m ON m.lead = p.id WHERE p.id = t.id RETURNING m.title
??           UPDATE ruled SET v = 'x' RETURNING id, v
?            SELECT x FROM (SELECT NULL AS x UNION ALL SELECT 'a') s
!            SELECT x FROM (SELECT name AS x FROM person INTERSECT SELECT nick FROM person) s
?            SELECT x FROM (SELECT nick AS x FROM person EXCEPT ALL SELECT name FROM person) s
?            (SELECT name FROM person UNION ALL SELECT nick FROM person) EXCEPT SELECT 'a'
!            SELECT pg_typeof(nick) FROM person
!            SELECT current_setting('port')
?            SELECT current_setting('none.such', true)
?            SELECT obj_description(1, 'pg_class')
?            SELECT pg_get_expr(NULL, 1)
?            SELECT to_regclass('none')
?            SELECT inet_client_addr() IS NULL AND NULL
!            SELECT pg_backend_pid()
?            SELECT currval('event_id_seq') + NULL::int
!            SELECT nextval('event_id_seq')
?            SELECT nullif(name, '') FROM person WHERE name <> ''
?            SELECT xmlagg(('<a/>')::xml) FROM person GROUP BY name
?    @16     SELECT NULL IS JSON OBJECT
!    @16     SELECT doc IS NOT NULL AND doc IS JSON FROM person
?    @17     SELECT JSON_QUERY(doc, '$.a') FROM person WHERE doc IS NOT NULL
?    @17     SELECT JSON_EXISTS(doc, '$.a') FROM person
??   @18     WITH d AS (DELETE FROM touched WHERE v IS NOT NULL RETURNING new.v, new.id) SELECT * FROM d
?!   @18     UPDATE touched SET v = 'x' WHERE v = 'y' RETURNING old.v, old.id
?    @18     SELECT c FROM computed WHERE c > 1 OR a IS NULL
`;
