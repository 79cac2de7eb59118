-- What a role with one schema of a foreign database makes there.
CREATE SCHEMA red_place AUTHORIZATION red_owner;
SET ROLE red_owner;
CREATE FUNCTION red_place.trojan() RETURNS int LANGUAGE plpgsql SECURITY DEFINER AS
  $$ BEGIN RAISE LOG 'BAIT <trojan> <%> <%>', session_user, current_user; RETURN 1; END $$;
CREATE FUNCTION red_place.same(int) RETURNS int IMMUTABLE LANGUAGE plpgsql AS
  $$ BEGIN PERFORM red_place.trojan(); RETURN $1; END $$;
CREATE TABLE red_place.t (id int, twice int GENERATED ALWAYS AS (red_place.same(id)) STORED);
CREATE INDEX ON red_place.t (red_place.same(id));
INSERT INTO red_place.t VALUES (1);
CREATE VIEW red_place.v AS SELECT red_place.trojan();
CREATE TYPE red_place.mood AS ENUM ('a');
CREATE DOMAIN red_place.picky AS int CHECK (red_place.same(VALUE) = VALUE);
SELECT pg_catalog.lo_create(4712);
