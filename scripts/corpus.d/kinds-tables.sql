-- A row for each kind of object: `-- row: NAME (CATALOGS) from MAJOR to MAJOR`, then its migration, its next files behind
-- `-- file` or `-- outside` (of a transaction), and behind `-- admin` what a superuser makes in the database before.

-- row: table (pg_class pg_attribute pg_attrdef)
CREATE TABLE t (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, a text NOT NULL DEFAULT 'x', b int DEFAULT 1 CHECK (b > 0), g int GENERATED ALWAYS AS (b * 2) STORED) WITH (fillfactor = 70, autovacuum_enabled = off);
ALTER TABLE t ALTER a SET STORAGE EXTERNAL, ALTER b SET STATISTICS 500, ALTER b SET (n_distinct = 5);
COMMENT ON TABLE t IS 'a ''table''';
INSERT INTO t (a, b) SELECT 'row ' || i, i FROM generate_series(1, 50) i;
-- row: table-without-columns
CREATE TABLE t ();
CREATE TABLE u (id int PRIMARY KEY);
INSERT INTO u VALUES (1);
-- row: table-without-key
CREATE TABLE t (a int, b text);
INSERT INTO t VALUES (1, 'a'), (1, 'a'), (NULL, NULL);
-- row: table-dropped-columns
CREATE TABLE t (a int, b text, c int, d text);
ALTER TABLE t DROP COLUMN a, DROP COLUMN c;
ALTER TABLE t ADD COLUMN e int DEFAULT 5;
INSERT INTO t VALUES ('x', 'y', 6);
-- row: table-unlogged
CREATE UNLOGGED TABLE t (id serial PRIMARY KEY, v text);
INSERT INTO t (v) VALUES ('a'), ('b');
-- row: table-compression from 14
CREATE TABLE t (id int PRIMARY KEY, v text COMPRESSION pglz);
ALTER TABLE t SET (toast_tuple_target = 128, toast.autovacuum_enabled = off);
INSERT INTO t SELECT i, repeat('long ', 5000) FROM generate_series(1, 5) i;
-- row: table-typed
CREATE TYPE pair AS (a int, b text);
CREATE TABLE t OF pair (PRIMARY KEY (a), b WITH OPTIONS DEFAULT 'x');
INSERT INTO t VALUES (1);
-- row: table-serial (pg_sequence)
CREATE TABLE t (id bigserial PRIMARY KEY, small smallserial, v text);
INSERT INTO t (v) SELECT 'v' FROM generate_series(1, 30);
-- row: sequence
CREATE SEQUENCE free AS int INCREMENT 5 MINVALUE -100 MAXVALUE 1000 START 10 CACHE 3 CYCLE;
CREATE SEQUENCE down INCREMENT -1 MAXVALUE 10 MINVALUE -10 START 10;
SELECT nextval('free'), nextval('free'), nextval('down');
CREATE TABLE t (id int PRIMARY KEY DEFAULT nextval('free'));
ALTER SEQUENCE down OWNED BY t.id;
INSERT INTO t DEFAULT VALUES;
-- row: sequence-unlogged from 15
CREATE UNLOGGED SEQUENCE s;
CREATE TABLE t (id int PRIMARY KEY);
-- row: generated-virtual from 18
CREATE TABLE t (id int PRIMARY KEY, v int GENERATED ALWAYS AS (id * 2) VIRTUAL);
INSERT INTO t VALUES (1), (2);
-- row: view (pg_rewrite)
CREATE TABLE t (id int PRIMARY KEY, v text);
CREATE VIEW one AS SELECT id, v FROM t WHERE id > 0 WITH LOCAL CHECK OPTION;
CREATE VIEW two WITH (security_barrier) AS SELECT id, upper(v) AS v FROM one;
CREATE VIEW three AS SELECT id, two.v AS upper, one.v FROM two JOIN one USING (id);
CREATE RECURSIVE VIEW numbers (n) AS VALUES (1) UNION ALL SELECT n + 1 FROM numbers WHERE n < 5;
ALTER VIEW one ALTER v SET DEFAULT 'new';
COMMENT ON VIEW one IS 'a view';
INSERT INTO one VALUES (1), (2);
-- row: view-invoker from 15
CREATE TABLE t (id int PRIMARY KEY);
CREATE VIEW v WITH (security_invoker = true) AS SELECT * FROM t;
INSERT INTO t VALUES (1);
-- row: view-circular
CREATE TABLE t (id int PRIMARY KEY, v int);
CREATE VIEW a AS SELECT id, v FROM t;
CREATE FUNCTION of_a(a) RETURNS int LANGUAGE sql STABLE AS 'SELECT $1.v + 1';
CREATE VIEW b AS SELECT a.id, of_a(a) AS w FROM a;
INSERT INTO t VALUES (1, 2);
-- row: materialized-view
CREATE TABLE t (id int PRIMARY KEY, v text);
INSERT INTO t VALUES (1, 'a'), (2, 'b');
CREATE MATERIALIZED VIEW m AS SELECT id, v FROM t;
CREATE UNIQUE INDEX ON m (id);
CREATE MATERIALIZED VIEW unfilled AS SELECT * FROM m WITH NO DATA;
-- row: index (pg_index pg_am pg_opclass)
CREATE TABLE t (id int PRIMARY KEY, v text, w text COLLATE "C", n numeric, a int[], j jsonb, p point, r int4range, d date, ts tsvector);
CREATE INDEX plain ON t (v, w DESC NULLS LAST);
CREATE INDEX ON t (lower(v)) WHERE v IS NOT NULL;
CREATE UNIQUE INDEX ON t (v COLLATE "C" text_pattern_ops) INCLUDE (w, n);
CREATE INDEX ON t USING hash (v);
CREATE INDEX ON t USING gin (a);
CREATE INDEX ON t USING gin (j jsonb_path_ops) WITH (fastupdate = off);
CREATE INDEX ON t USING gist (p, r);
CREATE INDEX ON t USING spgist (r);
CREATE INDEX ON t USING brin (d) WITH (pages_per_range = 32);
CREATE INDEX ON t USING gin (ts);
CREATE INDEX by_length ON t (length(v));
ALTER INDEX by_length ALTER COLUMN 1 SET STATISTICS 200;
ALTER TABLE t CLUSTER ON plain;
COMMENT ON INDEX plain IS 'an index';
INSERT INTO t (id, v) SELECT i, i FROM generate_series(1, 20) i;
-- row: index-nulls-not-distinct from 15
CREATE TABLE t (id int PRIMARY KEY, v text, UNIQUE NULLS NOT DISTINCT (v));
INSERT INTO t VALUES (1, NULL);
-- row: index-concurrently
CREATE TABLE t (id int PRIMARY KEY, v text);
INSERT INTO t SELECT i, i FROM generate_series(1, 20) i;
-- outside
CREATE INDEX CONCURRENTLY by_v ON t (v);
-- row: constraint (pg_constraint)
CREATE TABLE p (id int PRIMARY KEY, a int, b int, UNIQUE (a, b), UNIQUE (b), CONSTRAINT "at the end" UNIQUE (a) DEFERRABLE INITIALLY DEFERRED);
CREATE TABLE c (id int PRIMARY KEY, p int REFERENCES p ON DELETE CASCADE ON UPDATE SET NULL, a int, b int, FOREIGN KEY (a, b) REFERENCES p (a, b) MATCH FULL DEFERRABLE,
  b2 int DEFAULT 1 REFERENCES p (b) ON DELETE SET DEFAULT, r int4range, EXCLUDE USING gist (r WITH &&) WHERE (id > 0), CHECK (a IS NULL OR b IS NOT NULL) NO INHERIT);
ALTER TABLE c ADD CONSTRAINT later CHECK (a < 1000) NOT VALID, ADD CONSTRAINT later_key FOREIGN KEY (p) REFERENCES p NOT VALID;
COMMENT ON CONSTRAINT later ON c IS 'checked later';
INSERT INTO p VALUES (1, 1, 1), (2, 2, 2);
INSERT INTO c VALUES (1, 1, 2, 2, 1, '[1,3)'), (2, NULL, NULL, NULL, 1, '[3,5)');
-- row: constraint-circle
CREATE TABLE a (id int PRIMARY KEY, b int);
CREATE TABLE b (id int PRIMARY KEY, a int REFERENCES a DEFERRABLE INITIALLY DEFERRED);
ALTER TABLE a ADD FOREIGN KEY (b) REFERENCES b DEFERRABLE INITIALLY DEFERRED;
CREATE TABLE tree (id int PRIMARY KEY, parent int REFERENCES tree);
INSERT INTO a VALUES (1, 1); INSERT INTO b VALUES (1, 1); INSERT INTO tree VALUES (1, 2), (2, 1);
-- file
SELECT 1;
-- down
SELECT 1;
-- row: constraint-not-null-named from 18
CREATE TABLE t (id int CONSTRAINT id_there NOT NULL, v text, CONSTRAINT v_there NOT NULL v NO INHERIT, w int);
ALTER TABLE t ADD CONSTRAINT w_there NOT NULL w NOT VALID;
INSERT INTO t VALUES (1, 'a', 2);
-- row: constraint-not-enforced from 18
CREATE TABLE p (id int PRIMARY KEY);
CREATE TABLE t (id int PRIMARY KEY, v int CHECK (v > 0) NOT ENFORCED, p int REFERENCES p NOT ENFORCED);
INSERT INTO t VALUES (1, -1, 5);
-- row: constraint-without-overlaps from 18
CREATE TABLE t (id int4range, at daterange, PRIMARY KEY (id, at WITHOUT OVERLAPS));
INSERT INTO t VALUES ('[1,2)', '[2026-01-01,2026-02-01)');
-- row: constraint-set-null-columns from 15
CREATE TABLE p (a int, b int, PRIMARY KEY (a, b));
CREATE TABLE c (id int PRIMARY KEY, a int NOT NULL, b int, FOREIGN KEY (a, b) REFERENCES p ON DELETE SET NULL (b));
INSERT INTO p VALUES (1, 1); INSERT INTO c VALUES (1, 1, 1);
-- row: partitioned-range (pg_partitioned_table pg_inherits)
CREATE TABLE t (id bigint GENERATED ALWAYS AS IDENTITY, at date NOT NULL, v text, PRIMARY KEY (id, at)) PARTITION BY RANGE (at);
CREATE TABLE t_old PARTITION OF t FOR VALUES FROM (MINVALUE) TO ('2026-01-01');
CREATE TABLE t_2026 PARTITION OF t (v DEFAULT 'of 2026') FOR VALUES FROM ('2026-01-01') TO ('2027-01-01') PARTITION BY HASH (id);
CREATE TABLE t_2026_0 PARTITION OF t_2026 FOR VALUES WITH (MODULUS 2, REMAINDER 0);
CREATE TABLE t_2026_1 PARTITION OF t_2026 FOR VALUES WITH (MODULUS 2, REMAINDER 1);
CREATE TABLE t_rest PARTITION OF t DEFAULT;
CREATE INDEX ON t (v);
CREATE TABLE child (id int PRIMARY KEY, t bigint, at date, FOREIGN KEY (t, at) REFERENCES t);
INSERT INTO t (at, v) SELECT date '2025-12-01' + i * 10, i FROM generate_series(1, 60) i;
-- row: partitioned-list
CREATE TABLE t (id int, kind text, PRIMARY KEY (id, kind)) PARTITION BY LIST (kind);
CREATE TABLE t_ab PARTITION OF t FOR VALUES IN ('a', 'b');
CREATE TABLE loose (kind text NOT NULL, id int NOT NULL, extra int);
ALTER TABLE loose DROP COLUMN extra;
INSERT INTO loose VALUES ('c', 1);
ALTER TABLE t ATTACH PARTITION loose FOR VALUES IN ('c', NULL);
CREATE TRIGGER tr BEFORE UPDATE ON t FOR EACH ROW EXECUTE FUNCTION suppress_redundant_updates_trigger();
ALTER TABLE t_ab ADD CHECK (id > 0);
-- down
DROP TABLE t;
-- row: partitioned-expression
CREATE TABLE t (id int, v text) PARTITION BY RANGE (lower(v) COLLATE "C", (id % 10));
CREATE TABLE t_1 PARTITION OF t FOR VALUES FROM ('a', MINVALUE) TO ('n', MINVALUE);
CREATE TABLE t_2 PARTITION OF t FOR VALUES FROM ('n', MINVALUE) TO ('z', MAXVALUE);
INSERT INTO t VALUES (1, 'Abc'), (2, 'x');
-- row: inheritance
CREATE TABLE parent (id int PRIMARY KEY, v text DEFAULT 'p', CHECK (id > 0));
CREATE TABLE child (extra int) INHERITS (parent);
ALTER TABLE child ALTER v SET DEFAULT 'c', ADD PRIMARY KEY (id);
CREATE TABLE two (b int);
CREATE TABLE grandchild (v text) INHERITS (child, two);
INSERT INTO parent VALUES (1); INSERT INTO child (id, extra) VALUES (2, 2); INSERT INTO grandchild (id, b) VALUES (3, 3);
