SELECT pg_catalog.format_type(castsource, NULL), pg_catalog.format_type(casttarget, NULL) FROM pg_catalog.pg_cast WHERE castcontext IN ('a', 'i')
