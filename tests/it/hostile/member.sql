-- A trusted extension belongs to the role that installs it, which may add what it likes.
SET ROLE red_owner;
CREATE EXTENSION hstore SCHEMA red_place;
CREATE TABLE red_place.member (id int);
CREATE INDEX ON red_place.member (red_place.same(id));
INSERT INTO red_place.member VALUES (1);
CREATE FUNCTION red_place.member() RETURNS int LANGUAGE plpgsql SECURITY DEFINER AS
  $$ BEGIN RAISE LOG 'BAIT <member> <%> <%>', session_user, current_user; RETURN 1; END $$;
ALTER EXTENSION hstore ADD TABLE red_place.member;
ALTER EXTENSION hstore ADD FUNCTION red_place.member();
