-- No extensions: reading the available ones takes longer than all the rest.
WITH available AS (
  SELECT NULL::name AS name, NULL::name AS schema, false AS superuser, false AS trusted, false AS relocatable, false AS usual
  WHERE false)
