CREATE TABLE many (id int PRIMARY KEY, status varchar(20) CHECK (status IN ('a', 'b')), other varchar(20), code char(3),
    flag boolean DEFAULT ('a'::varchar IN ('a', 'b')), word text GENERATED ALWAYS AS (CASE WHEN status IN ('a', 'b') THEN 'x' ELSE 'y' END) STORED,
    CONSTRAINT others CHECK (other NOT IN ('c', 'd')), CONSTRAINT late CHECK (code IN ('e', 'f')) NOT VALID,
    EXCLUDE USING btree (id WITH =) WHERE (status IN ('a', 'b')));
ALTER TABLE many ADD CONSTRAINT rows CHECK (many.* IS DISTINCT FROM NULL AND status IN ('a', 'b')) NO INHERIT;
CREATE DOMAIN letter AS varchar(1) CHECK (VALUE IN ('a', 'b'));
CREATE DOMAIN answer AS boolean DEFAULT ('a'::varchar IN ('a', 'b'));
CREATE SEQUENCE counted;
CREATE DOMAIN counter AS bigint DEFAULT nextval('counted');
CREATE INDEX many_part ON many (id DESC, lower(other) varchar_pattern_ops) WHERE status IN ('a', 'b');
CREATE UNIQUE INDEX many_each ON many ((status IN ('a', 'b')), lower(other)) INCLUDE (code) WITH (fillfactor = 70);
CREATE INDEX "odd Name" ON many (id) WHERE many.* IS NOT NULL AND other IN ('a', 'b');
ALTER TABLE many ENABLE ROW LEVEL SECURITY;
CREATE POLICY two_ways ON many USING (status IN ('a', 'b')) WITH CHECK (status NOT IN ('a', 'b') AND EXISTS (SELECT FROM many m WHERE m.id = many.id));
CREATE POLICY inserted ON many AS RESTRICTIVE FOR INSERT TO public WITH CHECK (status IN ('a', 'b'));
CREATE TRIGGER changed AFTER UPDATE ON many FOR EACH ROW WHEN (OLD.status IN ('a', 'b') AND NEW.* IS DISTINCT FROM OLD.*) EXECUTE FUNCTION stamp();
CREATE RULE kept AS ON DELETE TO many WHERE old.status IN ('a', 'b') DO INSTEAD (UPDATE many SET other = 'x' WHERE id = old.id AND status IN ('a', 'b'); SELECT 1);
CREATE VIEW listed AS SELECT id, status NOT IN ('c', 'd') AS listed FROM many WHERE status IN ('a', 'b');
CREATE MATERIALIZED VIEW stored WITH (fillfactor = 80) AS WITH a AS (SELECT id FROM many WHERE status IN ('a', 'b')) SELECT id FROM a;
CREATE FUNCTION given(x boolean DEFAULT ('a'::varchar IN ('a', 'b'))) RETURNS boolean LANGUAGE sql AS 'SELECT x';
CREATE TABLE parts (status varchar(20), id int) PARTITION BY LIST ((status IN ('a', 'b')));
CREATE TABLE parts_true PARTITION OF parts FOR VALUES IN (true);
ALTER TABLE parts ADD CONSTRAINT parts_check CHECK (status IN ('a', 'b'));
CREATE INDEX parts_part ON parts (id) WHERE status IN ('a', 'b');
CREATE TRIGGER partly AFTER UPDATE ON parts FOR EACH ROW WHEN (OLD.status IN ('a', 'b')) EXECUTE FUNCTION stamp();
CREATE TYPE grown AS (a int);
CREATE FUNCTION pairs() RETURNS SETOF grown LANGUAGE plpgsql AS 'BEGIN RETURN; END';
CREATE VIEW grown_later AS SELECT x.a FROM pairs() x(a);
CREATE POLICY grown_later ON many FOR DELETE USING (id IN (SELECT x.a FROM pairs() x(a)));
ALTER TYPE grown ADD ATTRIBUTE b text;
CREATE TABLE dated (id int, at timestamp(3) DEFAULT now(), code char(3) DEFAULT 'x') PARTITION BY LIST (id);
CREATE TABLE dated_1 (id int, at timestamp(3), code char(3));
ALTER TABLE dated ATTACH PARTITION dated_1 FOR VALUES IN (1);
-- The server prints these in another form each of the first times that it reads them.
CREATE TABLE settled (id int, late float8[] DEFAULT ARRAY[1, 2]::text[]::int[]::float8[], CHECK (late <> ARRAY[id, 2]::text[]::int[]::float8[]),
    EXCLUDE USING btree ((ARRAY[id, 2]::text[]::int[]::float8[]) WITH =));
CREATE DOMAIN late AS int CHECK (ARRAY[VALUE, 2]::text[]::int[]::float8[] <> '{}');
CREATE INDEX settled_late ON settled ((ARRAY[id, 2]::text[]::int[]::float8[])) WHERE late <> ARRAY[id, 2]::text[]::int[]::float8[];
CREATE VIEW settled_late_too AS SELECT ARRAY[id, 2]::text[]::int[]::float8[] AS late FROM settled;
CREATE POLICY late ON settled USING (late <> ARRAY[id, 2]::text[]::int[]::float8[]);
CREATE TRIGGER late AFTER UPDATE ON settled FOR EACH ROW WHEN (OLD.late <> ARRAY[NEW.id, 2]::text[]::int[]::float8[]) EXECUTE FUNCTION stamp();
CREATE RULE late AS ON DELETE TO settled DO ALSO SELECT ARRAY[old.id, 2]::text[]::int[]::float8[];
CREATE TABLE settled_parts (id int) PARTITION BY RANGE ((ARRAY[id, 2]::text[]::int[]::float8[]));
