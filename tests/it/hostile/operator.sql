-- Bait that only a superuser's mistake makes possible: the owner's code where the server itself calls it.

-- bait operator class
CREATE FUNCTION bait.order(bait.mood, bait.mood) RETURNS int IMMUTABLE LANGUAGE plpgsql AS
  $$ BEGIN PERFORM bait.spring('operator class'); RETURN 0; END $$;
ALTER FUNCTION bait.order(bait.mood, bait.mood) OWNER TO red_owner;
CREATE FUNCTION bait.less(bait.mood, bait.mood) RETURNS boolean IMMUTABLE LANGUAGE plpgsql AS
  $$ BEGIN PERFORM bait.spring('operator class'); RETURN false; END $$;
ALTER FUNCTION bait.less(bait.mood, bait.mood) OWNER TO red_owner;
CREATE OPERATOR bait.= (LEFTARG = bait.mood, RIGHTARG = bait.mood, FUNCTION = bait.less);
CREATE OPERATOR bait.< (LEFTARG = bait.mood, RIGHTARG = bait.mood, FUNCTION = bait.less);
CREATE OPERATOR CLASS bait.moods DEFAULT FOR TYPE bait.mood USING btree AS
  OPERATOR 1 bait.<(bait.mood, bait.mood), OPERATOR 3 bait.=(bait.mood, bait.mood), FUNCTION 1 bait.order(bait.mood, bait.mood);
ALTER OPERATOR bait.=(bait.mood, bait.mood) OWNER TO red_owner;
ALTER OPERATOR bait.<(bait.mood, bait.mood) OWNER TO red_owner;
ALTER OPERATOR CLASS bait.moods USING btree OWNER TO red_owner;
ALTER OPERATOR FAMILY bait.moods USING btree OWNER TO red_owner;

-- bait foreign table
CREATE FOREIGN DATA WRAPPER bare;
CREATE SERVER bare FOREIGN DATA WRAPPER bare;
ALTER SERVER bare OWNER TO postgres;
CREATE FOREIGN TABLE public.foreign (id int CHECK (bait.yes('foreign table', id))) SERVER bare;
ALTER FOREIGN TABLE public.foreign OWNER TO red_owner;

-- bait event trigger
CREATE FUNCTION bait.event() RETURNS event_trigger LANGUAGE plpgsql AS
  $$ BEGIN PERFORM bait.spring('event trigger'); END $$;
ALTER FUNCTION bait.event() OWNER TO red_owner;
CREATE EVENT TRIGGER at_start ON ddl_command_start EXECUTE FUNCTION bait.event();
CREATE EVENT TRIGGER at_end ON ddl_command_end EXECUTE FUNCTION bait.event();
CREATE EVENT TRIGGER at_drop ON sql_drop EXECUTE FUNCTION bait.event();
CREATE EVENT TRIGGER at_rewrite ON table_rewrite EXECUTE FUNCTION bait.event();

-- bait login trigger since=17
CREATE EVENT TRIGGER at_login ON login EXECUTE FUNCTION bait.event();
ALTER EVENT TRIGGER at_login ENABLE ALWAYS;
ALTER EVENT TRIGGER at_end ENABLE ALWAYS;
