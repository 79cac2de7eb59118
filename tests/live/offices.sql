-- Several schemas that lean on each other: foreign keys across them, views on views, rules, triggers, a sequence of several
-- tables, large objects, publications, extensions, an event trigger. `superuser:` lines run as the superuser, first of all.
-- superuser: CREATE EXTENSION hstore; CREATE SCHEMA tools; CREATE EXTENSION citext SCHEMA tools; GRANT USAGE ON SCHEMA tools TO PUBLIC
-- superuser: CREATE FUNCTION public.watched() RETURNS event_trigger LANGUAGE plpgsql AS 'BEGIN NULL; END'; CREATE EVENT TRIGGER watched ON ddl_command_end EXECUTE FUNCTION public.watched()
-- round: SELECT count(*) FROM sales.above_open
-- round: SELECT sum(amount) FROM sales.entry e JOIN core.office o ON o.id = e.office
-- round: BEGIN; INSERT INTO core.office (mail, tags) VALUES ('new@example.org', 'size=>1'); ROLLBACK
-- round: BEGIN; INSERT INTO sales.entry (office, amount) VALUES (1, 5); UPDATE core.office SET mail = mail WHERE id = 1; ROLLBACK
-- round: SELECT count(*) FROM core.office WHERE mail = 'OFFICE7@EXAMPLE.ORG'
-- round: BEGIN; DELETE FROM sales.soft WHERE id = 3; ROLLBACK
-- round: SELECT sales.worth('2')
-- round: SELECT nextval('core.shared') > 0
CREATE SCHEMA core;
CREATE SCHEMA sales;
CREATE SEQUENCE core.shared START 1000;
CREATE TABLE core.office (
  id bigint PRIMARY KEY DEFAULT nextval('core.shared'),
  mail tools.citext NOT NULL UNIQUE,
  tags public.hstore NOT NULL DEFAULT '',
  parent bigint REFERENCES core.office
);
INSERT INTO core.office (id, mail, tags)
  SELECT g, 'office' || g || '@example.org', public.hstore('size', g::text) FROM generate_series(1, 200) g;
CREATE TABLE sales.entry (
  id bigint PRIMARY KEY DEFAULT nextval('core.shared'),
  office bigint NOT NULL REFERENCES core.office ON DELETE CASCADE,
  amount numeric NOT NULL,
  scan oid
);
INSERT INTO sales.entry (office, amount) SELECT 1 + g % 200, g FROM generate_series(1, 600) g;
UPDATE sales.entry SET scan = lo_from_bytea(0, decode(md5(id::text), 'hex')) WHERE office = 5;
CREATE TABLE sales.soft (id int PRIMARY KEY, gone boolean NOT NULL DEFAULT false);
INSERT INTO sales.soft SELECT g FROM generate_series(1, 100) g;
CREATE RULE soft_delete AS ON DELETE TO sales.soft DO INSTEAD UPDATE sales.soft SET gone = true WHERE id = OLD.id;
CREATE TABLE public.audit (at timestamptz NOT NULL DEFAULT now(), who name NOT NULL DEFAULT session_user, row jsonb);
CREATE FUNCTION core.audited() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
  AS $$BEGIN INSERT INTO public.audit (row) VALUES (to_jsonb(NEW)); RETURN NULL; END$$;
CREATE TRIGGER audited AFTER INSERT OR UPDATE ON sales.entry FOR EACH ROW EXECUTE FUNCTION core.audited();
CREATE VIEW sales.open AS SELECT e.* FROM sales.entry e WHERE e.amount > 10;
CREATE VIEW core.open_by_office AS SELECT office, sum(amount) AS amount FROM sales.open GROUP BY office;
CREATE VIEW sales.above_open AS SELECT o.mail, b.amount FROM core.open_by_office b JOIN core.office o ON o.id = b.office;
CREATE MATERIALIZED VIEW public.worths AS SELECT office, amount FROM core.open_by_office;
CREATE VIEW public.renamed WITH (security_barrier) AS SELECT count(*) AS n FROM public.worths;
ALTER VIEW public.renamed RENAME TO a_worths;
CREATE FUNCTION sales.worth(which text, VARIADIC more int[] DEFAULT '{}') RETURNS numeric LANGUAGE plpgsql SECURITY DEFINER
  AS $$BEGIN RETURN (SELECT amount FROM core.open_by_office WHERE office = which::bigint); END$$;
CREATE FUNCTION core.same(a text, b text) RETURNS boolean LANGUAGE sql IMMUTABLE AS 'SELECT a = b';
CREATE OPERATOR core.=== (LEFTARG = text, RIGHTARG = text, FUNCTION = core.same);
CREATE COLLATION core.plain FROM "C";
CREATE TEXT SEARCH CONFIGURATION core.words (COPY = simple);
CREATE PUBLICATION entries FOR TABLE sales.entry;
COMMENT ON SCHEMA sales IS 'What is sold';
COMMENT ON FUNCTION sales.worth(text, int[]) IS 'What an office owes';
COMMENT ON PUBLICATION entries IS 'For the warehouse';
ALTER DEFAULT PRIVILEGES IN SCHEMA sales GRANT SELECT ON TABLES TO PUBLIC;
