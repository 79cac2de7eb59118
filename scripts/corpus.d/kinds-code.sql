-- Further rows of kinds-tables.sql, whose head has the form: code, types, and what stands beside the tables.

-- row: function (pg_proc)
CREATE FUNCTION plain(a int, b int DEFAULT 2) RETURNS int LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE COST 5 AS 'SELECT a + b';
CREATE FUNCTION many(VARIADIC v text[]) RETURNS SETOF text LANGUAGE sql STABLE ROWS 5 AS 'SELECT unnest(v)';
CREATE FUNCTION outs(IN a int, OUT b int, OUT c text) LANGUAGE plpgsql AS $$ BEGIN b := a; c := 'x;''$'; END $$;
CREATE FUNCTION tab(a int) RETURNS TABLE (x int, y text) LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $f$ BEGIN RETURN QUERY SELECT a, $$t$$; END $f$;
CREATE FUNCTION poly(anyelement, anyarray) RETURNS anyelement LANGUAGE sql AS 'SELECT $1';
CREATE FUNCTION wrong() RETURNS int LANGUAGE plpgsql AS $$ BEGIN RETURN (SELECT later.id FROM later LIMIT 1); END $$;
CREATE FUNCTION plain(a text) RETURNS text LANGUAGE sql AS 'SELECT a';
COMMENT ON FUNCTION plain(text) IS 'overloaded';
CREATE TABLE later (id int PRIMARY KEY DEFAULT plain(1));
CREATE INDEX ON later (plain(id, 3));
INSERT INTO later VALUES (1);
-- row: function-sql-body from 14
CREATE TABLE t (id int PRIMARY KEY, v text);
CREATE FUNCTION f(a int) RETURNS text LANGUAGE sql STABLE BEGIN ATOMIC SELECT CASE WHEN a > 0 THEN (SELECT CASE WHEN v = ';' THEN 'x' ELSE v END FROM t WHERE id = a) ELSE 'none' END; END;
CREATE FUNCTION g(a int) RETURNS int LANGUAGE sql RETURN a + 1;
CREATE PROCEDURE p(a int) LANGUAGE sql BEGIN ATOMIC INSERT INTO t VALUES (a, 'p'); UPDATE t SET v = 'q' WHERE id = a; END;
INSERT INTO t VALUES (1, 'a');
-- row: procedure
CREATE TABLE t (id int PRIMARY KEY);
CREATE PROCEDURE fill(n int, INOUT made int DEFAULT 0) LANGUAGE plpgsql AS $$ BEGIN FOR i IN 1..n LOOP INSERT INTO t VALUES (i); made := i; END LOOP; END $$;
CALL fill(5);
-- row: procedure-that-commits
CREATE TABLE t (id int PRIMARY KEY);
CREATE PROCEDURE fill() LANGUAGE plpgsql AS $$ BEGIN INSERT INTO t VALUES (1); COMMIT; INSERT INTO t VALUES (2); COMMIT; END $$;
-- outside
CALL fill();
-- down
DELETE FROM t;
-- row: aggregate (pg_aggregate)
CREATE FUNCTION step(state bigint, v int) RETURNS bigint LANGUAGE sql IMMUTABLE AS 'SELECT state + v';
CREATE FUNCTION textcat_of(state text, v text) RETURNS text LANGUAGE sql IMMUTABLE AS 'SELECT state || v';
CREATE AGGREGATE total(int) (SFUNC = step, STYPE = bigint, INITCOND = '0', PARALLEL = SAFE);
CREATE AGGREGATE joined(text ORDER BY text) (SFUNC = textcat_of, STYPE = text, INITCOND = '');
CREATE TABLE t (id int PRIMARY KEY);
CREATE VIEW v AS SELECT total(id) FROM t;
INSERT INTO t VALUES (1), (2);
-- row: window-function
CREATE TABLE t (id int PRIMARY KEY, v int);
CREATE VIEW v AS SELECT id, row_number() OVER w, sum(v) OVER (w ROWS BETWEEN 1 PRECEDING AND CURRENT ROW) FROM t WINDOW w AS (PARTITION BY v % 2 ORDER BY id);
INSERT INTO t VALUES (1, 1), (2, 2);
-- row: enum (pg_enum)
CREATE TYPE mood AS ENUM ('sad', 'it''s ok', 'Happy Day', '');
CREATE TABLE t (id int PRIMARY KEY, m mood NOT NULL DEFAULT 'sad', a mood[] DEFAULT ARRAY['sad'::mood], CHECK (m <> 'Happy Day' OR id > 1));
CREATE INDEX ON t (m) WHERE m = 'sad';
INSERT INTO t VALUES (1, 'sad'), (2, 'Happy Day');
-- file
ALTER TYPE mood ADD VALUE 'between' AFTER 'sad';
-- down
SELECT 1;
-- row: domain
CREATE DOMAIN positive AS int DEFAULT 1 NOT NULL CHECK (VALUE > 0) CONSTRAINT small CHECK (VALUE < 1000);
CREATE DOMAIN tighter AS positive CHECK (VALUE < 100);
CREATE DOMAIN words AS text[] COLLATE "C" CHECK (cardinality(VALUE) < 10);
ALTER DOMAIN positive ADD CONSTRAINT odd CHECK (VALUE <> 13) NOT VALID;
COMMENT ON CONSTRAINT small ON DOMAIN positive IS 'small';
CREATE TABLE t (id positive PRIMARY KEY, v tighter, w words);
INSERT INTO t VALUES (1, 2, '{a,b}');
-- row: composite
CREATE TYPE inner_pair AS (a int, b text COLLATE "C");
CREATE TYPE outer_pair AS (p inner_pair, q inner_pair[]);
COMMENT ON COLUMN inner_pair.a IS 'first';
CREATE TABLE t (id int PRIMARY KEY, v outer_pair, CHECK (((v).p).a > 0));
CREATE INDEX ON t ((((v).p).b));
CREATE TABLE of_row (id int PRIMARY KEY, r t, rs t[]);
INSERT INTO t VALUES (1, ROW(ROW(1, 'x'), ARRAY[ROW(2, 'y')::inner_pair]));
INSERT INTO of_row SELECT 1, t, ARRAY[t] FROM t;
-- row: range (pg_range)
CREATE FUNCTION gap(a numeric, b numeric) RETURNS float8 LANGUAGE sql IMMUTABLE AS 'SELECT (a - b)::float8';
CREATE TYPE price AS RANGE (SUBTYPE = numeric, SUBTYPE_DIFF = gap);
CREATE TYPE word AS RANGE (SUBTYPE = text, COLLATION = "C");
CREATE TABLE t (id int PRIMARY KEY, p price, w word, EXCLUDE USING gist (p WITH &&));
INSERT INTO t VALUES (1, '[1.5,2.5)', '[a,c)');
-- row: range-multirange from 14
CREATE TYPE price AS RANGE (SUBTYPE = numeric, MULTIRANGE_TYPE_NAME = prices);
CREATE TABLE t (id int PRIMARY KEY, p prices);
INSERT INTO t VALUES (1, '{[1,2),[3,4)}');
-- row: base-type (pg_type)
CREATE TABLE t (id int PRIMARY KEY, v box2);
INSERT INTO t VALUES (1, '(0,0),(1,1)');
-- admin
CREATE TYPE box2;
CREATE FUNCTION box2_in(cstring) RETURNS box2 LANGUAGE internal IMMUTABLE STRICT AS 'box_in';
CREATE FUNCTION box2_out(box2) RETURNS cstring LANGUAGE internal IMMUTABLE STRICT AS 'box_out';
CREATE TYPE box2 (INPUT = box2_in, OUTPUT = box2_out, INTERNALLENGTH = 32, ALIGNMENT = double);
-- row: operator (pg_operator)
CREATE FUNCTION near(a int, b int) RETURNS boolean LANGUAGE sql IMMUTABLE AS 'SELECT abs(a - b) < 5';
CREATE OPERATOR ~~~ (LEFTARG = int, RIGHTARG = int, FUNCTION = near, COMMUTATOR = ~~~, RESTRICT = eqsel, JOIN = eqjoinsel);
CREATE FUNCTION negated(a text) RETURNS text LANGUAGE sql IMMUTABLE AS 'SELECT reverse(a)';
CREATE OPERATOR !@ (RIGHTARG = text, FUNCTION = negated);
CREATE TABLE t (id int PRIMARY KEY, v int, CHECK (v ~~~ 10));
CREATE VIEW w AS SELECT id, !@ 'abc' AS v FROM t WHERE id OPERATOR(public.~~~) 3;
INSERT INTO t VALUES (1, 8);
-- row: operator-class (pg_opfamily pg_amop pg_amproc)
CREATE TABLE t (id int PRIMARY KEY, v int);
CREATE INDEX ON t (v backwards);
INSERT INTO t VALUES (1, 8), (2, 3);
-- admin
CREATE FUNCTION backwards_cmp(int, int) RETURNS int LANGUAGE sql IMMUTABLE AS 'SELECT btint4cmp($2, $1)';
CREATE OPERATOR FAMILY backwards USING btree;
CREATE OPERATOR CLASS backwards FOR TYPE int USING btree FAMILY backwards AS OPERATOR 1 >, OPERATOR 2 >=, OPERATOR 3 =, OPERATOR 4 <=, OPERATOR 5 <, FUNCTION 1 backwards_cmp(int, int);
-- row: access-method
CREATE TABLE t (id int PRIMARY KEY, v int);
CREATE TABLE u (id int PRIMARY KEY) USING heap2;
INSERT INTO u VALUES (1);
-- admin
CREATE ACCESS METHOD heap2 TYPE TABLE HANDLER heap_tableam_handler;
-- row: cast (pg_cast)
CREATE TYPE pair AS (a int, b int);
CREATE FUNCTION as_text(pair) RETURNS text LANGUAGE sql IMMUTABLE AS 'SELECT $1.a || ''/'' || $1.b';
CREATE CAST (pair AS text) WITH FUNCTION as_text(pair) AS ASSIGNMENT;
CREATE TYPE e AS ENUM ('a', 'b');
CREATE CAST (e AS varchar) WITH INOUT AS IMPLICIT;
CREATE TABLE t (id int PRIMARY KEY, v text DEFAULT ROW(1, 2)::pair::text);
INSERT INTO t VALUES (1);
-- row: conversion (pg_conversion)
CREATE CONVERSION mine FOR 'LATIN1' TO 'UTF8' FROM iso8859_1_to_utf8;
CREATE TABLE t (id int PRIMARY KEY);
-- row: collation (pg_collation)
CREATE COLLATION german (provider = icu, locale = 'de-u-co-phonebk');
CREATE COLLATION ignoring (provider = icu, locale = 'und-u-ks-level2', deterministic = false);
CREATE COLLATION plain FROM "C";
CREATE TABLE t (id int PRIMARY KEY, a text COLLATE german, b text COLLATE ignoring UNIQUE, c text COLLATE plain);
CREATE INDEX ON t (a COLLATE "C");
INSERT INTO t VALUES (1, 'ä', 'A', 'c'), (2, 'z', 'b', 'd');
-- row: text-search (pg_ts_config pg_ts_config_map pg_ts_dict)
CREATE TEXT SEARCH DICTIONARY stems (TEMPLATE = snowball, language = 'german');
CREATE TEXT SEARCH CONFIGURATION mine (COPY = simple);
ALTER TEXT SEARCH CONFIGURATION mine ALTER MAPPING FOR word, asciiword WITH stems, simple;
ALTER TEXT SEARCH CONFIGURATION mine DROP MAPPING IF EXISTS FOR url;
COMMENT ON TEXT SEARCH CONFIGURATION mine IS 'of this service';
CREATE TABLE t (id int PRIMARY KEY, v text, s tsvector GENERATED ALWAYS AS (to_tsvector('public.mine', coalesce(v, ''))) STORED);
CREATE INDEX ON t USING gin (s);
INSERT INTO t VALUES (1, 'die Häuser');
-- row: text-search-template (pg_ts_template pg_ts_parser)
CREATE TABLE t (id int PRIMARY KEY);
-- admin
CREATE TEXT SEARCH TEMPLATE own_template (LEXIZE = dsimple_lexize, INIT = dsimple_init);
CREATE TEXT SEARCH PARSER own_parser (START = prsd_start, GETTOKEN = prsd_nexttoken, END = prsd_end, LEXTYPES = prsd_lextype, HEADLINE = prsd_headline);
-- row: trigger (pg_trigger)
CREATE TABLE t (id int PRIMARY KEY, v text, n int DEFAULT 0);
CREATE TABLE log (id bigserial PRIMARY KEY, what text);
CREATE FUNCTION note() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN INSERT INTO log (what) VALUES (TG_NAME || TG_OP); IF TG_LEVEL = 'ROW' AND TG_WHEN = 'BEFORE' THEN NEW.n := NEW.n + 1; RETURN NEW; END IF; RETURN NULL; END $$;
CREATE TRIGGER before_row BEFORE INSERT OR UPDATE OF v ON t FOR EACH ROW WHEN (NEW.v <> 'quiet') EXECUTE FUNCTION note('a', 'b''c');
CREATE TRIGGER after_row AFTER DELETE ON t FOR EACH ROW EXECUTE FUNCTION note();
CREATE TRIGGER after_all AFTER UPDATE ON t REFERENCING OLD TABLE AS o NEW TABLE AS n FOR EACH STATEMENT EXECUTE FUNCTION note();
CREATE TRIGGER cleared BEFORE TRUNCATE ON t EXECUTE FUNCTION note();
CREATE CONSTRAINT TRIGGER at_end AFTER INSERT ON t DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION note();
ALTER TABLE t DISABLE TRIGGER after_row;
ALTER TABLE t ENABLE ALWAYS TRIGGER after_all;
ALTER TABLE t ENABLE REPLICA TRIGGER cleared;
COMMENT ON TRIGGER before_row ON t IS 'a trigger';
CREATE VIEW w AS SELECT id, v FROM t;
CREATE TRIGGER instead INSTEAD OF INSERT OR DELETE ON w FOR EACH ROW EXECUTE FUNCTION note();
INSERT INTO t VALUES (1, 'a'), (2, 'quiet');
-- row: rule
CREATE TABLE t (id int PRIMARY KEY, v text);
CREATE TABLE log (id int, v text);
CREATE VIEW w AS SELECT * FROM t;
CREATE RULE also AS ON UPDATE TO t WHERE OLD.v <> NEW.v DO ALSO (INSERT INTO log VALUES (OLD.id, OLD.v); INSERT INTO log VALUES (NEW.id, NEW.v));
CREATE RULE through AS ON INSERT TO w DO INSTEAD INSERT INTO t VALUES (NEW.id, NEW.v) RETURNING *;
CREATE RULE never AS ON DELETE TO t DO INSTEAD NOTHING;
ALTER TABLE t DISABLE RULE never;
COMMENT ON RULE also ON t IS 'a rule';
INSERT INTO t VALUES (1, 'a'); UPDATE t SET v = 'b';
-- row: policy (pg_policy)
CREATE TABLE t (id int PRIMARY KEY, who text DEFAULT current_user, v text);
ALTER TABLE t ENABLE ROW LEVEL SECURITY;
CREATE POLICY sees ON t FOR SELECT USING (true);
CREATE POLICY writes ON t FOR INSERT WITH CHECK (v IS NOT NULL);
CREATE POLICY narrows ON t AS RESTRICTIVE FOR UPDATE TO PUBLIC USING (who = current_user) WITH CHECK (who = current_user);
CREATE POLICY removes ON t FOR DELETE USING (who = current_user);
COMMENT ON POLICY sees ON t IS 'a policy';
INSERT INTO t VALUES (1, 'a', 'b'), (2, 'a', 'c');
-- row: policy-forced
CREATE TABLE t (id int PRIMARY KEY, tenant text);
ALTER TABLE t ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY own ON t USING (tenant = current_setting('app.tenant', true)) WITH CHECK (true);
INSERT INTO t VALUES (1, 'a'), (2, 'b');
-- row: statistics (pg_statistic_ext pg_statistic_ext_data)
CREATE TABLE t (a int, b int, c int);
CREATE STATISTICS s1 (ndistinct, dependencies) ON a, b FROM t;
CREATE STATISTICS s2 (mcv) ON b, c FROM t;
ALTER STATISTICS s2 SET STATISTICS 300;
COMMENT ON STATISTICS s1 IS 'of two columns';
INSERT INTO t SELECT i, i, i FROM generate_series(1, 50) i;
-- row: statistics-expression from 14
CREATE TABLE t (a int, b text);
CREATE STATISTICS s1 ON (a % 10) FROM t;
CREATE STATISTICS s2 ON lower(b), a FROM t;
INSERT INTO t VALUES (1, 'x');
-- row: event-trigger (pg_event_trigger)
CREATE TABLE t (id int PRIMARY KEY);
INSERT INTO t VALUES (1);
-- admin
CREATE SCHEMA guard;
CREATE FUNCTION guard.note() RETURNS event_trigger LANGUAGE plpgsql AS $$ BEGIN PERFORM 1; END $$;
CREATE EVENT TRIGGER at_start ON ddl_command_start EXECUTE FUNCTION guard.note();
CREATE EVENT TRIGGER at_end ON ddl_command_end WHEN TAG IN ('CREATE TABLE') EXECUTE FUNCTION guard.note();
CREATE EVENT TRIGGER dropped ON sql_drop EXECUTE FUNCTION guard.note();
CREATE EVENT TRIGGER rewrites ON table_rewrite EXECUTE FUNCTION guard.note();
ALTER EVENT TRIGGER rewrites DISABLE;
-- row: publication (pg_publication pg_publication_rel)
CREATE TABLE t (id int PRIMARY KEY, v text, w int);
CREATE TABLE u (id int PRIMARY KEY);
INSERT INTO t VALUES (1, 'a', 1);
-- file
CREATE PUBLICATION chosen FOR TABLE t, u WITH (publish = 'insert, update', publish_via_partition_root = true);
CREATE PUBLICATION empty;
COMMENT ON PUBLICATION chosen IS 'two tables';
-- down
DROP PUBLICATION chosen, empty;
-- row: publication-filter from 15
CREATE TABLE t (id int PRIMARY KEY, v text, w int);
INSERT INTO t VALUES (1, 'a', 1);
-- file
CREATE PUBLICATION chosen FOR TABLE t (id, w) WHERE (id > 5);
-- down
DROP PUBLICATION chosen;
-- row: publication-all-tables
CREATE TABLE t (id int PRIMARY KEY);
INSERT INTO t VALUES (1);
-- admin
CREATE PUBLICATION every FOR ALL TABLES;
-- row: publication-schema (pg_publication_namespace) from 15
CREATE TABLE t (id int PRIMARY KEY);
INSERT INTO t VALUES (1);
-- admin
CREATE PUBLICATION of_schema FOR TABLES IN SCHEMA public;
-- row: foreign-table (pg_foreign_data_wrapper pg_foreign_server pg_foreign_table pg_user_mapping)
CREATE SERVER far FOREIGN DATA WRAPPER nothing OPTIONS (host 'nowhere');
CREATE USER MAPPING FOR PUBLIC SERVER far OPTIONS (user 'x');
CREATE FOREIGN TABLE away (id int OPTIONS (column_name 'no'), v text NOT NULL) SERVER far OPTIONS (table_name 'x');
CREATE TABLE t (id int PRIMARY KEY);
INSERT INTO t VALUES (1);
-- admin
CREATE FOREIGN DATA WRAPPER nothing OPTIONS (debug 'false');
GRANT USAGE ON FOREIGN DATA WRAPPER nothing TO {owner};
-- row: language (pg_language)
CREATE TABLE t (id int PRIMARY KEY DEFAULT f());
INSERT INTO t DEFAULT VALUES;
-- admin
CREATE LANGUAGE own HANDLER plpgsql_call_handler INLINE plpgsql_inline_handler VALIDATOR plpgsql_validator;
CREATE FUNCTION f() RETURNS int LANGUAGE own AS $$ BEGIN RETURN 1; END $$;
GRANT EXECUTE ON FUNCTION f() TO {owner};
-- allow
-- untrusted-function: the language's handler is the one of PL/pgSQL
-- row: transform (pg_transform)
CREATE TABLE t (id int PRIMARY KEY);
INSERT INTO t VALUES (1);
-- admin
CREATE FUNCTION from_sql(internal) RETURNS internal LANGUAGE internal IMMUTABLE AS 'prsd_headline';
CREATE TYPE pair AS (a int);
CREATE FUNCTION to_sql(internal) RETURNS pair LANGUAGE internal IMMUTABLE AS 'prsd_headline';
CREATE TRANSFORM FOR pair LANGUAGE sql (FROM SQL WITH FUNCTION from_sql(internal), TO SQL WITH FUNCTION to_sql(internal));
-- row: large-object (pg_largeobject pg_largeobject_metadata)
CREATE TABLE t (id int PRIMARY KEY, lo oid);
INSERT INTO t VALUES (1, lo_from_bytea(0, '\x0102'));
-- row: default-privileges (pg_default_acl)
ALTER DEFAULT PRIVILEGES REVOKE EXECUTE ON FUNCTIONS FROM PUBLIC;
CREATE TABLE t (id int PRIMARY KEY);
INSERT INTO t VALUES (1);
-- down
DROP TABLE t;
-- row: comment (pg_description)
CREATE TABLE t (id int PRIMARY KEY, v text DEFAULT 'x');
COMMENT ON TABLE t IS E'line one\nline ''two''; $$ and \\ ä';
COMMENT ON COLUMN t.v IS '-- no comment';
COMMENT ON SCHEMA public IS 'of the service';
COMMENT ON CONSTRAINT t_pkey ON t IS 'key';
INSERT INTO t VALUES (1);
-- row: privileges
CREATE TABLE t (id int PRIMARY KEY, v text, w text);
REVOKE ALL ON t FROM CURRENT_USER;
GRANT ALL ON t TO CURRENT_USER WITH GRANT OPTION;
CREATE FUNCTION f() RETURNS int LANGUAGE sql AS 'SELECT 1';
REVOKE ALL ON FUNCTION f() FROM PUBLIC;
-- row: tablespace (pg_tablespace)
CREATE TABLE t (id int PRIMARY KEY USING INDEX TABLESPACE pg_default, v text) TABLESPACE pg_default;
CREATE INDEX ON t (v) TABLESPACE pg_default;
INSERT INTO t VALUES (1, 'a');
-- row: replica-identity
CREATE TABLE full_row (id int PRIMARY KEY);
ALTER TABLE full_row REPLICA IDENTITY FULL;
CREATE TABLE by_index (id int NOT NULL, v int);
CREATE UNIQUE INDEX by_id ON by_index (id);
ALTER TABLE by_index REPLICA IDENTITY USING INDEX by_id;
CREATE TABLE none (id int PRIMARY KEY);
ALTER TABLE none REPLICA IDENTITY NOTHING;
INSERT INTO by_index VALUES (1, 2); INSERT INTO full_row VALUES (1);
-- row: temporary-table
CREATE TEMPORARY TABLE scratch (id int);
INSERT INTO scratch VALUES (1);
CREATE TABLE t AS SELECT * FROM scratch;
DROP TABLE scratch;
-- down
DROP TABLE t;
-- row: own-schema
CREATE SCHEMA reports;
CREATE TABLE reports.t (id int PRIMARY KEY);
CREATE VIEW v AS SELECT * FROM reports.t;
CREATE TABLE t (id int REFERENCES reports.t);
INSERT INTO reports.t VALUES (1); INSERT INTO t VALUES (1);
-- down
DROP SCHEMA reports CASCADE; DROP TABLE t; DROP VIEW IF EXISTS v;
-- row: statements-over-all-tables
CREATE TABLE t (id int PRIMARY KEY);
CREATE TABLE u (id int PRIMARY KEY);
INSERT INTO t VALUES (1); INSERT INTO u VALUES (1);
CREATE FUNCTION touch() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';
DO $$ DECLARE r regclass; BEGIN FOR r IN SELECT oid FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace LOOP
  EXECUTE format('CREATE TRIGGER touch BEFORE UPDATE ON %s FOR EACH ROW EXECUTE FUNCTION touch()', r); EXECUTE format('TRUNCATE %s', r); END LOOP; END $$;
-- row: rows-that-are-hard
CREATE TABLE t (id int PRIMARY KEY, a float8, b float4, n numeric, t timestamptz, i interval, x bytea, s text, c char(5), j json, k jsonb, m money);
INSERT INTO t VALUES (1, 'NaN', 'Infinity', 'NaN', 'infinity', '1 year -1 day', '\x00ff', E'tab\tnl\n\\N "q" ä', 'a ', '{"b": 1, "a":  1, "b": 2}', '{"b": 1}', 1.5),
  (2, 1.1e-300, -0.0, 1e130, '0044-03-15 BC', '-1 mon 3 days', '', '', '', 'null', 'null', -2), (3, 0.1::float8 + 0.2, 16777217, 0.00000000000000000001, '294276-12-31', '0', NULL, '\N', NULL, NULL, NULL, NULL);
