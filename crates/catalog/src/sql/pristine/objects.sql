-- What functions, operators, casts, types, languages and the like of the server do, as rows of kind, catalog,
-- number, identity and content, for a comparison with what initdb makes. Owners, privileges, costs and comments
-- are left out: they do not change what an object does.
-- OIDs below 12000 are the same on every build of a major (FirstUnpinnedObjectId in transam.h). initdb gives out
-- those up to 16383 in an order that depends on the locales of the machine: these objects are compared by name.
-- An object with a higher OID was added to a schema of the server; members of extensions are left out.
space AS (
  SELECT n.oid FROM pg_catalog.pg_namespace n WHERE n.nspname IN ('pg_catalog', 'information_schema')),
routine AS (
  SELECT p.* FROM pg_catalog.pg_proc p
  WHERE p.oid < 16384 OR p.pronamespace IN (SELECT s.oid FROM space s)),
item(kind, catalog, number, identity, content) AS (
  SELECT 'function', 'pg_catalog.pg_proc'::pg_catalog.regclass, p.oid,
    CASE WHEN p.oid < 12000 THEN p.oid::text ELSE p.oid::pg_catalog.regprocedure::text END,
    pg_catalog.concat_ws('|', p.proname, p.prokind, p.prosecdef, p.proleakproof, p.proisstrict, p.proretset, p.provolatile,
      p.pronargdefaults, p.prorettype, p.proargtypes, p.proallargtypes::text, p.proargmodes::text, p.provariadic,
      p.prosupport::oid, p.protrftypes::text, p.proconfig::text, p.probin,
      CASE WHEN p.prolang < 12000 THEN p.prolang ELSE 0 END, p.prosrc)
  FROM routine p
  UNION ALL
  SELECT 'aggregate', 'pg_catalog.pg_proc'::pg_catalog.regclass, a.aggfnoid::oid, a.aggfnoid::oid::text,
    pg_catalog.concat_ws('|', a.aggkind, a.aggnumdirectargs, a.aggtransfn::oid, a.aggfinalfn::oid, a.aggcombinefn::oid,
      a.aggserialfn::oid, a.aggdeserialfn::oid, a.aggmtransfn::oid, a.aggminvtransfn::oid, a.aggmfinalfn::oid,
      a.aggfinalextra, a.aggmfinalextra, a.aggfinalmodify, a.aggmfinalmodify, a.aggsortop, a.aggtranstype,
      a.aggmtranstype, a.agginitval, a.aggminitval)
  FROM pg_catalog.pg_aggregate a WHERE a.aggfnoid < 16384
  UNION ALL
  SELECT 'operator', 'pg_catalog.pg_operator'::pg_catalog.regclass, o.oid, o.oid::text,
    pg_catalog.concat_ws('|', o.oprname, o.oprnamespace, o.oprkind, o.oprcanmerge, o.oprcanhash, o.oprleft, o.oprright,
      o.oprresult, o.oprcom, o.oprnegate, o.oprcode::oid, o.oprrest::oid, o.oprjoin::oid)
  FROM pg_catalog.pg_operator o WHERE o.oid < 16384 OR o.oprnamespace IN (SELECT s.oid FROM space s)
  UNION ALL
  SELECT 'cast', 'pg_catalog.pg_cast'::pg_catalog.regclass, c.oid, pg_catalog.concat_ws(' ', c.castsource, c.casttarget),
    pg_catalog.concat_ws('|', c.castfunc, c.castcontext, c.castmethod)
  FROM pg_catalog.pg_cast c WHERE c.oid < 16384
  UNION ALL
  SELECT 'access method', 'pg_catalog.pg_am'::pg_catalog.regclass, a.oid, a.oid::text,
    pg_catalog.concat_ws('|', a.amname, a.amhandler::oid, a.amtype)
  FROM pg_catalog.pg_am a WHERE a.oid < 16384
  UNION ALL
  SELECT 'operator class', 'pg_catalog.pg_opclass'::pg_catalog.regclass, o.oid,
    pg_catalog.concat_ws(' ', o.opcmethod, o.opcname, o.opcnamespace),
    pg_catalog.concat_ws('|', o.opcfamily, o.opcintype, o.opcdefault, o.opckeytype)
  FROM pg_catalog.pg_opclass o WHERE o.oid < 16384 OR o.opcnamespace IN (SELECT s.oid FROM space s)
  UNION ALL
  SELECT 'operator of a family', 'pg_catalog.pg_amop'::pg_catalog.regclass, o.oid,
    pg_catalog.concat_ws(' ', o.amopfamily, o.amoplefttype, o.amoprighttype, o.amopstrategy, o.amoppurpose),
    pg_catalog.concat_ws('|', o.amopopr, o.amopsortfamily)
  FROM pg_catalog.pg_amop o
  WHERE o.oid < 16384 OR o.amopfamily < 16384 AND o.amoplefttype < 16384 AND o.amoprighttype < 16384
  UNION ALL
  SELECT 'function of a family', 'pg_catalog.pg_amproc'::pg_catalog.regclass, a.oid,
    pg_catalog.concat_ws(' ', a.amprocfamily, a.amproclefttype, a.amprocrighttype, a.amprocnum), a.amproc::oid::text
  FROM pg_catalog.pg_amproc a
  WHERE a.oid < 16384 OR a.amprocfamily < 16384 AND a.amproclefttype < 16384 AND a.amprocrighttype < 16384
  UNION ALL
  -- Row types of relations, and arrays of named types, run no functions of their own.
  SELECT 'type', 'pg_catalog.pg_type'::pg_catalog.regclass, t.oid,
    CASE WHEN t.oid < 12000 THEN t.oid::text ELSE pg_catalog.format_type(t.oid, NULL) END,
    pg_catalog.concat_ws('|', t.typname, t.typlen, t.typtype, t.typdelim, t.typcategory, t.typispreferred, t.typinput::oid,
      t.typoutput::oid, t.typreceive::oid, t.typsend::oid, t.typmodin::oid, t.typmodout::oid, t.typanalyze::oid,
      t.typnotnull, CASE WHEN t.typbasetype < 12000 THEN t.typbasetype ELSE 0 END, t.typtypmod, t.typcollation,
      t.typdefault)
  FROM pg_catalog.pg_type t
  WHERE (t.oid < 16384 OR t.typnamespace IN (SELECT s.oid FROM space s)) AND t.typtype <> 'c'
    AND NOT (t.typcategory = 'A' AND t.oid >= 12000)
  UNION ALL
  SELECT 'range', 'pg_catalog.pg_type'::pg_catalog.regclass, r.rngtypid, r.rngtypid::text,
    pg_catalog.concat_ws('|', r.rngsubtype, r.rngcollation, r.rngsubopc, r.rngcanonical::oid, r.rngsubdiff::oid)
  FROM pg_catalog.pg_range r WHERE r.rngtypid < 16384
  UNION ALL
  SELECT 'conversion', 'pg_catalog.pg_conversion'::pg_catalog.regclass, c.oid, c.conname,
    pg_catalog.concat_ws('|', c.conforencoding, c.contoencoding, c.conproc::oid, c.condefault)
  FROM pg_catalog.pg_conversion c WHERE c.oid < 16384 OR c.connamespace IN (SELECT s.oid FROM space s)
  UNION ALL
  SELECT 'text search parser', 'pg_catalog.pg_ts_parser'::pg_catalog.regclass, p.oid, p.prsname,
    pg_catalog.concat_ws('|', p.prsstart::oid, p.prstoken::oid, p.prsend::oid, p.prsheadline::oid, p.prslextype::oid)
  FROM pg_catalog.pg_ts_parser p WHERE p.oid < 16384 OR p.prsnamespace IN (SELECT s.oid FROM space s)
  UNION ALL
  SELECT 'text search template', 'pg_catalog.pg_ts_template'::pg_catalog.regclass, t.oid, t.tmplname,
    CASE WHEN t.oid < 12000 THEN pg_catalog.concat_ws('|', t.tmplinit::oid, t.tmpllexize::oid)
      ELSE pg_catalog.concat_ws('|', t.tmplinit, t.tmpllexize) END
  FROM pg_catalog.pg_ts_template t WHERE t.oid < 16384 OR t.tmplnamespace IN (SELECT s.oid FROM space s)
  UNION ALL
  -- plpgsql is an extension, which may have been created again.
  SELECT 'language', 'pg_catalog.pg_language'::pg_catalog.regclass, l.oid, l.lanname,
    pg_catalog.concat_ws('|', l.lanispl, l.lanpltrusted, h.prosrc, h.probin, i.prosrc, i.probin, v.prosrc, v.probin)
  FROM pg_catalog.pg_language l LEFT JOIN pg_catalog.pg_proc h ON h.oid = l.lanplcallfoid
  LEFT JOIN pg_catalog.pg_proc i ON i.oid = l.laninline LEFT JOIN pg_catalog.pg_proc v ON v.oid = l.lanvalidator
  WHERE l.lanname IN ('internal', 'c', 'sql', 'plpgsql')
  UNION ALL
  -- Most collations come from the machine.
  SELECT 'collation', 'pg_catalog.pg_collation'::pg_catalog.regclass, c.oid, c.collname,
    pg_catalog.concat_ws('|', c.collprovider, c.collisdeterministic, c.collencoding, c.collcollate, c.collctype)
  FROM pg_catalog.pg_collation c WHERE c.oid < 12000
  UNION ALL
  SELECT 'trigger', 'pg_catalog.pg_trigger'::pg_catalog.regclass, t.oid, 'trigger', ''
  FROM pg_catalog.pg_trigger t WHERE t.tgrelid < 16384
  UNION ALL
  SELECT 'policy', 'pg_catalog.pg_policy'::pg_catalog.regclass, p.oid, 'policy', ''
  FROM pg_catalog.pg_policy p WHERE p.polrelid < 16384
  UNION ALL
  SELECT 'index', 'pg_catalog.pg_class'::pg_catalog.regclass, i.indexrelid, 'index', ''
  FROM pg_catalog.pg_index i WHERE i.indrelid < 16384 AND i.indexrelid >= 16384
  UNION ALL
  SELECT 'relation', 'pg_catalog.pg_class'::pg_catalog.regclass, c.oid, 'relation', ''
  FROM pg_catalog.pg_class c
  WHERE c.oid >= 16384 AND c.relkind NOT IN ('c', 'i') AND c.relnamespace IN (SELECT s.oid FROM space s)
