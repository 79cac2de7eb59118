-- Casts on assignment. A cast without a function keeps the bytes; those of built-in types are listed by hand.
SELECT pg_catalog.format_type(castsource, NULL), pg_catalog.format_type(casttarget, NULL), castmethod = 'b' AND (castsource >= 16384 OR casttarget >= 16384)
FROM pg_catalog.pg_cast WHERE castcontext IN ('a', 'i')
