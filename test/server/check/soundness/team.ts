/** Queries as the programs of a team have them, written without a look at the inference. The form is that of `corpus.ts`. */
export const TEAM = `
!?!          WITH RECURSIVE chain AS (SELECT id, boss, 0 AS depth FROM person WHERE boss IS NULL UNION ALL SELECT p.id, p.boss, c.depth + 1 FROM person p JOIN chain c ON p.boss = c.id) SELECT id, boss, depth FROM chain
!!!          WITH RECURSIVE paths AS (SELECT id, ARRAY[id] AS path, name::text AS label FROM person WHERE boss IS NULL UNION ALL SELECT p.id, s.path || p.id, s.label || '/' || p.name FROM person p JOIN paths s ON p.boss = s.id) SELECT * FROM paths
!?           WITH RECURSIVE tree AS (SELECT id, nick AS shown FROM person UNION SELECT p.id, coalesce(p.nick, t.shown) FROM person p JOIN tree t ON t.id = p.boss) SELECT id, shown FROM tree
!!?          WITH moved AS (DELETE FROM event WHERE kind <> 'a' RETURNING id, kind, amount), kept AS (INSERT INTO log (id, day, note) SELECT id, 15, kind FROM moved RETURNING id, day, note) SELECT * FROM kept
!??          WITH changed AS (UPDATE person SET age = age + 1 WHERE age IS NOT NULL RETURNING id, age, boss) SELECT * FROM changed
!?           WITH changed AS (UPDATE person p SET nick = t.city FROM team t WHERE t.lead = p.id RETURNING p.id, p.nick) SELECT * FROM changed
!!           WITH added AS (INSERT INTO team VALUES (100, 'x', NULL, NULL) RETURNING id, title), all_of AS (SELECT id, title FROM added UNION ALL SELECT id, name FROM person) SELECT * FROM all_of
!??          SELECT p.id, last.kind, last.amount FROM person p LEFT JOIN LATERAL (SELECT kind, amount FROM event e WHERE e.person_id = p.id ORDER BY at DESC LIMIT 1) last ON true
!!?          SELECT p.id, last.kind, last.amount FROM person p JOIN LATERAL (SELECT kind, amount FROM event e WHERE e.person_id = p.id ORDER BY at DESC LIMIT 1) last ON true
!!           SELECT p.id, s.n FROM person p LEFT JOIN LATERAL (SELECT count(*) AS n FROM event e WHERE e.person_id = p.id) s ON true WHERE s.n >= 0
!!!?         SELECT id, row_number() OVER (PARTITION BY mood ORDER BY score) AS place, score - first_value(score) OVER (PARTITION BY mood ORDER BY score) AS behind, lag(score) OVER (ORDER BY id) AS before FROM person
!?!          SELECT id, sum(age) OVER (ORDER BY id), count(age) OVER (ORDER BY id) FROM person
!?           SELECT id, avg(score) FILTER (WHERE ok) OVER (PARTITION BY mood) FROM person
??!          SELECT mood, ok, count(*) FROM person GROUP BY GROUPING SETS ((mood, ok), (mood), ())
?!!          SELECT name, grouping(name), count(*) FROM person GROUP BY ROLLUP (name)
!            SELECT coalesce(name, 'all') FROM person GROUP BY ROLLUP (name)
!            SELECT CASE grouping(name) WHEN 1 THEN 'all' ELSE 'one' END FROM person GROUP BY ROLLUP (name)
?            SELECT s.name FROM (SELECT name FROM person GROUP BY CUBE (name)) s
!            SELECT s.name FROM (SELECT name FROM person GROUP BY CUBE (name)) s WHERE s.name > ''
!            SELECT jsonb_build_object('id', id, 'nick', nick) FROM person
??           SELECT doc -> 'a', doc ->> 'a' FROM person
?            SELECT jsonb_agg(doc) FROM person
!            SELECT coalesce(jsonb_agg(doc), '[]') FROM person
!            SELECT coalesce(json_agg(json_build_object('t', t.title)) FILTER (WHERE t.id IS NOT NULL), '[]') FROM person p LEFT JOIN team t ON t.lead = p.id GROUP BY p.id
?            SELECT json_agg(t.title) FILTER (WHERE t.id IS NOT NULL) FROM person p LEFT JOIN team t ON t.lead = p.id GROUP BY p.id
!?           SELECT e.key, e.value FROM person p, jsonb_each_text(CASE WHEN jsonb_typeof(p.doc) = 'object' THEN p.doc ELSE '{}' END) e
!!           SELECT e.value, e.ordinality FROM person p, jsonb_array_elements(CASE WHEN jsonb_typeof(p.doc) = 'array' THEN p.doc ELSE '[]' END) WITH ORDINALITY e
?!           SELECT tag, place FROM person p, unnest(p.tags) WITH ORDINALITY AS t(tag, place)
!!           SELECT n, id FROM person, generate_series(1, 3) n
!?           SELECT d::date, e.amount FROM generate_series('2024-01-01'::timestamp, '2024-01-03', '1 day') d LEFT JOIN event e ON e.at::date = d::date
??           SELECT a, b FROM ROWS FROM (generate_series(1, 2), generate_series(1, 3)) AS t(a, b)
??           SELECT a, b FROM unnest(ARRAY[1, 2], ARRAY['x']) AS t(a, b)
!?           SELECT x.id, x.v FROM jsonb_to_recordset('[{"id": 1}]') AS x(id int, v text) WHERE x.id IS NOT NULL
??           SELECT x, y FROM person, LATERAL (SELECT (p).x, (p).y) s
?            SELECT (give_pair(1)).y
!?           INSERT INTO person (id, name, score) VALUES (900, 'n', 1) ON CONFLICT (id) DO UPDATE SET nick = excluded.name RETURNING id, nick
!!           INSERT INTO event (kind) VALUES ('x') RETURNING id, label
!?           INSERT INTO event (kind, amount) SELECT kind, amount FROM event RETURNING kind, doubled
!?           UPDATE event e SET amount = NULL FROM person p WHERE p.id = e.person_id RETURNING p.name, e.amount
!??          UPDATE person p SET age = 1 FROM person b LEFT JOIN team t ON t.lead = b.id WHERE b.id = p.id RETURNING p.id, t.title, b.nick
!?           DELETE FROM member m USING team t WHERE t.id = m.team_id RETURNING t.title, t.city
!            SELECT EXISTS (SELECT 1 FROM member m WHERE m.person_id = p.id) FROM person p
?            SELECT age > ALL (SELECT amount FROM event) FROM person
?            SELECT id > ALL (SELECT amount FROM event) FROM person
!            SELECT id > ALL (SELECT id FROM team) FROM person
!            SELECT name = ANY (ARRAY['a', 'b']) FROM person
?            SELECT name = ANY (tags) FROM person
?            SELECT NULLIF(score, 0) FROM person
!            SELECT score / coalesce(NULLIF(score, 0), 1) FROM person
?            SELECT bool_and(ok) FROM person GROUP BY name
!            SELECT coalesce(bool_and(ok), false) FROM person GROUP BY name
?            SELECT bool_or(ok) FILTER (WHERE age > 1) FROM person GROUP BY name
?!           SELECT array_agg(nick), count(nick) FROM person
!            SELECT array_agg(mood ORDER BY mood) FROM person GROUP BY name
!            SELECT enum_range(NULL::mood)
?            SELECT (SELECT t.title FROM team t WHERE t.lead = p.id ORDER BY t.id LIMIT 1) FROM person p
?            SELECT sql_same(nick) FROM person
?            SELECT sql_same(name) FROM person
!            SELECT sql_sum(id) FROM person
?            SELECT sql_sum(age) FROM person
?            SELECT pl_plain(id) FROM person
?            SELECT w FROM word
??           SELECT t.title, p.name FROM team t FULL JOIN person p ON p.id = t.lead WHERE t.id > 0 OR p.id > 0
!?           SELECT m.id, m.title FROM members m WHERE m.since IS NULL
!!           SELECT m.id, m.title FROM members m WHERE m.title = 'a'
!!?          SELECT id, size, latest FROM team_sizes WHERE size > 0
!?           SELECT t.id, s.size FROM team t LEFT JOIN team_sizes s ON s.id = t.id AND s.size > 1
?            SELECT concat_ws(', ', nick, mood) || NULL FROM person
!!           SELECT upper(coalesce(nick, name)), trim(name) FROM person
?            SELECT extract(year FROM born) FROM person
?            SELECT date_trunc('day', at) - born FROM event, person
!            SELECT to_char(score, 'FM999') FROM person
!            SELECT at AT TIME ZONE 'UTC' FROM event
?            SELECT lower(int4range(id, id + 1)) FROM person WHERE false
?            SELECT lower(int4range(id, NULL)) FROM person
?            SELECT CASE WHEN ok THEN 1 WHEN NOT ok THEN 2 END FROM person
!            SELECT id FROM person WHERE id = (SELECT max(id) FROM person)
!            SELECT ROW(id, nick) FROM person
?            SELECT (SELECT p2 FROM person p2 WHERE p2.boss = p.id LIMIT 1) FROM person p
!!           SELECT DISTINCT ON (t.id) t.id, p.name FROM team t JOIN person p ON p.id = t.lead ORDER BY t.id, p.name
!?           SELECT id, note FROM log WHERE day BETWEEN 0 AND 9
?            SELECT string_agg(name, ', ') FROM person
!            SELECT string_agg(name, nick) FROM person GROUP BY score
?            SELECT percentile_disc(0.5) WITHIN GROUP (ORDER BY age) FROM person GROUP BY name
!            SELECT width_bucket(score, 0, 100, 5) FROM person
?            SELECT regexp_substr(name, 'x') FROM person
!            SELECT regexp_replace(name, 'x', 'y') FROM person
?            SELECT split_part(nick, ',', 1) FROM person
!            @16 SELECT any_value(id) FROM person GROUP BY name
?            @16 SELECT JSON_ARRAYAGG(name) FROM person
!            @16 SELECT JSON_OBJECT('id': id, 'nick': nick) FROM person
?            @16 SELECT doc IS JSON OBJECT FROM person
?            @17 SELECT JSON_VALUE(doc, '$.a') FROM person
?            @17 SELECT JSON_EXISTS(coalesce(doc, '{}'), '$.a') FROM person
?            @17 SELECT JSON_QUERY(doc, '$.a') FROM person
!??          @17 SELECT p.id, j.a, j.n FROM person p, JSON_TABLE(p.doc, '$' COLUMNS (a int PATH '$.a', n FOR ORDINALITY)) j
?!           @17 SELECT JSON_SERIALIZE(doc), JSON_SCALAR(id) FROM person
!??          @17 MERGE INTO team t USING person p ON t.id = p.id WHEN MATCHED THEN UPDATE SET city = p.nick WHEN NOT MATCHED THEN INSERT VALUES (p.id, p.name, NULL, NULL) RETURNING merge_action(), t.city, p.nick
!!           @17 MERGE INTO team t USING person p ON t.id = p.id WHEN MATCHED THEN UPDATE SET city = p.nick RETURNING t.id, p.name
!?!?         @18 UPDATE person SET nick = 'n' RETURNING old.id, old.nick, new.id, new.age
?!           @18 INSERT INTO base (id) VALUES (1) RETURNING old.id, new.id
!?           @18 DELETE FROM base RETURNING old.id, new.id
!?           @18 INSERT INTO person (id, name, score) VALUES (0, 'n', 1) ON CONFLICT (id) DO UPDATE SET name = 'm' RETURNING new.name, old.name
?!           @18 SELECT c, b FROM computed
!            @18 SELECT uuidv7()
!            @18 SELECT array_reverse(ARRAY[1, NULL])
`;
