-- source: procrastinate 3.10.0 procrastinate/sql/schema.sql
CREATE SCHEMA of_procrastinate; SET LOCAL search_path = of_procrastinate;

-- line: 23
CREATE TYPE procrastinate_job_status AS ENUM (
    'todo',
    'doing',
    'succeeded',
    'failed',
    'cancelled',
    'aborting',
    'aborted'
);

-- line: 33
CREATE TYPE procrastinate_job_event_type AS ENUM (
    'deferred',
    'started',
    'deferred_for_retry',
    'failed',
    'succeeded',
    'cancelled',
    'abort_requested',
    'aborted',
    'scheduled',
    'retried'
);

-- line: 60
CREATE TABLE procrastinate_workers(
    id bigint PRIMARY KEY GENERATED ALWAYS AS IDENTITY,
    last_heartbeat timestamp with time zone NOT NULL DEFAULT NOW()
);

-- line: 65
CREATE TABLE procrastinate_jobs (
    id bigserial PRIMARY KEY,
    queue_name character varying(128) NOT NULL,
    task_name character varying(128) NOT NULL,
    priority integer DEFAULT 0 NOT NULL,
    lock text,
    queueing_lock text,
    args jsonb DEFAULT '{}' NOT NULL,
    status procrastinate_job_status DEFAULT 'todo'::procrastinate_job_status NOT NULL,
    scheduled_at timestamp with time zone NULL,
    attempts integer DEFAULT 0 NOT NULL,
    abort_requested boolean DEFAULT false NOT NULL,
    worker_id bigint REFERENCES procrastinate_workers(id) ON DELETE SET NULL,
    CONSTRAINT check_not_todo_abort_requested CHECK (NOT (status = 'todo' AND abort_requested = true))
);

-- line: 81
CREATE TABLE procrastinate_periodic_defers (
    id bigserial PRIMARY KEY,
    task_name character varying(128) NOT NULL,
    defer_timestamp bigint,
    job_id bigint REFERENCES procrastinate_jobs(id) NULL,
    periodic_id character varying(128) NOT NULL DEFAULT '',
    CONSTRAINT procrastinate_periodic_defers_unique UNIQUE (task_name, periodic_id, defer_timestamp)
);

-- line: 90
CREATE TABLE procrastinate_events (
    id bigserial PRIMARY KEY,
    job_id bigint NOT NULL REFERENCES procrastinate_jobs ON DELETE CASCADE,
    type procrastinate_job_event_type,
    at timestamp with time zone DEFAULT NOW() NULL
);

-- line: 105
CREATE INDEX idx_procrastinate_jobs_worker_not_null ON procrastinate_jobs(worker_id) WHERE worker_id IS NOT NULL AND status = 'doing'::procrastinate_job_status;

-- line: 108
CREATE INDEX procrastinate_jobs_id_lock_idx_v1 ON procrastinate_jobs (id, lock) WHERE status = ANY (ARRAY['todo'::procrastinate_job_status, 'doing'::procrastinate_job_status]);

-- line: 109
CREATE INDEX procrastinate_jobs_priority_idx_v1 ON procrastinate_jobs(priority desc, id asc) WHERE (status = 'todo'::procrastinate_job_status);

-- line: 404
CREATE FUNCTION procrastinate_notify_queue_job_inserted_v1()
    RETURNS trigger
    LANGUAGE plpgsql
AS $$
DECLARE
    payload TEXT;
BEGIN
    SELECT json_build_object('type', 'job_inserted', 'job_id', NEW.id)::text INTO payload;
	PERFORM pg_notify('procrastinate_queue_v1#' || NEW.queue_name, payload);
	PERFORM pg_notify('procrastinate_any_queue_v1', payload);
	RETURN NEW;
END;
$$;

-- line: 418
CREATE FUNCTION procrastinate_notify_queue_abort_job_v1()
RETURNS trigger
    LANGUAGE plpgsql
AS $$
DECLARE
    payload TEXT;
BEGIN
    SELECT json_build_object('type', 'abort_job_requested', 'job_id', NEW.id)::text INTO payload;
	PERFORM pg_notify('procrastinate_queue_v1#' || NEW.queue_name, payload);
	PERFORM pg_notify('procrastinate_any_queue_v1', payload);
	RETURN NEW;
END;
$$;

-- line: 432
CREATE FUNCTION procrastinate_trigger_function_status_events_insert_v1()
    RETURNS trigger
    LANGUAGE plpgsql
AS $$
BEGIN
    INSERT INTO procrastinate_events(job_id, type)
        VALUES (NEW.id, 'deferred'::procrastinate_job_event_type);
	RETURN NEW;
END;
$$;

-- line: 486
CREATE FUNCTION procrastinate_trigger_function_scheduled_events_v1()
    RETURNS trigger
    LANGUAGE plpgsql
AS $$
BEGIN
    INSERT INTO procrastinate_events(job_id, type, at)
        VALUES (NEW.id, 'scheduled'::procrastinate_job_event_type, NEW.scheduled_at);
	RETURN NEW;
END;
$$;

-- line: 498
CREATE FUNCTION procrastinate_trigger_abort_requested_events_procedure_v1()
    RETURNS trigger
    LANGUAGE plpgsql
AS $$
BEGIN
    INSERT INTO procrastinate_events(job_id, type)
        VALUES (NEW.id, 'abort_requested'::procrastinate_job_event_type);
    RETURN NEW;
END;
$$;

-- line: 567
CREATE TRIGGER procrastinate_jobs_notify_queue_job_inserted_v1
    AFTER INSERT ON procrastinate_jobs
    FOR EACH ROW WHEN ((new.status = 'todo'::procrastinate_job_status))
    EXECUTE PROCEDURE procrastinate_notify_queue_job_inserted_v1();

-- line: 572
CREATE TRIGGER procrastinate_jobs_notify_queue_job_aborted_v1
    AFTER UPDATE OF abort_requested ON procrastinate_jobs
    FOR EACH ROW WHEN ((old.abort_requested = false AND new.abort_requested = true AND new.status = 'doing'::procrastinate_job_status))
    EXECUTE PROCEDURE procrastinate_notify_queue_abort_job_v1();

-- line: 582
CREATE TRIGGER procrastinate_trigger_status_events_insert_v1
    AFTER INSERT ON procrastinate_jobs
    FOR EACH ROW WHEN ((new.status = 'todo'::procrastinate_job_status))
    EXECUTE PROCEDURE procrastinate_trigger_function_status_events_insert_v1();

-- line: 587
CREATE TRIGGER procrastinate_trigger_scheduled_events_v1
    AFTER UPDATE OR INSERT ON procrastinate_jobs
    FOR EACH ROW WHEN ((new.scheduled_at IS NOT NULL AND new.status = 'todo'::procrastinate_job_status))
    EXECUTE PROCEDURE procrastinate_trigger_function_scheduled_events_v1();

-- line: 592
CREATE TRIGGER procrastinate_trigger_abort_requested_events_v1
    AFTER UPDATE OF abort_requested ON procrastinate_jobs
    FOR EACH ROW WHEN ((new.abort_requested = true))
    EXECUTE PROCEDURE procrastinate_trigger_abort_requested_events_procedure_v1();

-- source: pypgstac 0.10.0 pypgstac/migrations/pgstac.0.10.0.sql
CREATE SCHEMA of_pgstac; SET LOCAL search_path = of_pgstac;

-- line: 253
CREATE TABLE migrations (
  version text PRIMARY KEY,
  datetime timestamptz DEFAULT clock_timestamp() NOT NULL
);

-- line: 269
CREATE TABLE pgstac_settings (
  name text PRIMARY KEY,
  value text NOT NULL
);

-- line: 288
CREATE FUNCTION get_setting(IN _setting text, IN conf jsonb DEFAULT NULL) RETURNS text AS $$
SELECT COALESCE(
  nullif(conf->>_setting, ''),
  nullif(current_setting(concat('pgstac.',_setting), TRUE),''),
  nullif((SELECT value FROM pgstac_settings WHERE name=_setting),'')
);
$$ LANGUAGE SQL;

-- line: 296
CREATE FUNCTION get_setting_bool(IN _setting text, IN conf jsonb DEFAULT NULL) RETURNS boolean AS $$
SELECT COALESCE(
  nullif(conf->>_setting, ''),
  nullif(current_setting(concat('pgstac.',_setting), TRUE),''),
  nullif((SELECT value FROM pgstac_settings WHERE name=_setting),''),
  'FALSE'
)::boolean;
$$ LANGUAGE SQL;

-- line: 305
CREATE FUNCTION base_url(conf jsonb DEFAULT NULL) RETURNS text AS $$
  SELECT COALESCE(get_setting('base_url', conf), '.');
$$ LANGUAGE SQL;

-- line: 309
CREATE FUNCTION additional_properties() RETURNS boolean AS $$
    SELECT get_setting_bool('additional_properties');
$$ LANGUAGE SQL;

-- line: 313
CREATE FUNCTION readonly(conf jsonb DEFAULT NULL) RETURNS boolean AS $$
    SELECT get_setting_bool('readonly', conf);
$$ LANGUAGE SQL;

-- line: 317
CREATE FUNCTION context(conf jsonb DEFAULT NULL) RETURNS text AS $$
  SELECT get_setting('context', conf);
$$ LANGUAGE SQL;

-- line: 321
CREATE FUNCTION context_estimated_count(conf jsonb DEFAULT NULL) RETURNS int AS $$
  SELECT get_setting('context_estimated_count', conf)::int;
$$ LANGUAGE SQL;

-- line: 326
CREATE FUNCTION context_estimated_cost(conf jsonb DEFAULT NULL) RETURNS float AS $$
  SELECT get_setting('context_estimated_cost', conf)::float;
$$ LANGUAGE SQL;

-- line: 331
CREATE FUNCTION context_stats_ttl(conf jsonb DEFAULT NULL) RETURNS interval AS $$
  SELECT get_setting('context_stats_ttl', conf)::interval;
$$ LANGUAGE SQL;

-- line: 335
CREATE FUNCTION t2s(text) RETURNS text AS $$
    SELECT extract(epoch FROM $1::interval)::text || ' s';
$$ LANGUAGE SQL IMMUTABLE PARALLEL SAFE STRICT;

-- line: 339
CREATE FUNCTION age_ms(a timestamptz, b timestamptz DEFAULT clock_timestamp()) RETURNS float AS $$
    SELECT abs(extract(epoch from age(a,b)) * 1000);
$$ LANGUAGE SQL IMMUTABLE PARALLEL SAFE;

-- line: 346
CREATE FUNCTION queue_retries() RETURNS int AS $$
    SELECT greatest(coalesce(get_setting('queue_retries'), '3')::int, 1);
$$ LANGUAGE SQL;

-- line: 350
CREATE FUNCTION queue_timeout() RETURNS interval AS $$
    SELECT t2s(coalesce(
            get_setting('queue_timeout'),
            '1h'
        ))::interval;
$$ LANGUAGE SQL;

-- line: 357
CREATE FUNCTION notice(VARIADIC text[]) RETURNS boolean AS $$
DECLARE
debug boolean := current_setting('debug', true);
BEGIN
    IF debug THEN
        RAISE NOTICE 'NOTICE FROM FUNC: %  >>>>> %', concat_ws(' | ', $1), clock_timestamp();
        RETURN TRUE;
    END IF;
    RETURN FALSE;
END;
$$ LANGUAGE PLPGSQL;

-- line: 402
CREATE TABLE query_queue (
    query text PRIMARY KEY,
    added timestamptz DEFAULT now(),
    attempts int NOT NULL DEFAULT 0
);

-- line: 409
CREATE TABLE query_queue_history(
    query text,
    added timestamptz NOT NULL,
    finished timestamptz NOT NULL DEFAULT now(),
    error text,
    attempts int
);

-- line: 518
CREATE FUNCTION run_or_queue(query text) RETURNS boolean AS $$
DECLARE
    use_queue boolean := get_setting_bool('use_queue');
BEGIN
    IF get_setting_bool('debug') THEN
        RAISE NOTICE '%', query;
    END IF;
    IF use_queue THEN
        -- A fresh request for a statement already queued gets a fresh budget: the earlier
        -- attempts were spent on a state this caller has just superseded.
        -- By constraint, not by column: the target column and this function's parameter
        -- are both named query, which ON CONFLICT (query) cannot tell apart.
        INSERT INTO query_queue (query) VALUES (query)
        ON CONFLICT ON CONSTRAINT query_queue_pkey DO UPDATE SET attempts = 0;
        RETURN FALSE;
    END IF;
    EXECUTE query;
    RETURN TRUE;
END;
$$ LANGUAGE PLPGSQL;

-- line: 658
CREATE FUNCTION to_int(jsonb) RETURNS int AS $$
    SELECT floor(($1->>0)::float)::int;
$$ LANGUAGE SQL IMMUTABLE STRICT COST 5000 PARALLEL SAFE;

-- line: 662
CREATE FUNCTION to_float(jsonb) RETURNS float AS $$
    SELECT ($1->>0)::float;
$$ LANGUAGE SQL IMMUTABLE STRICT COST 5000 PARALLEL SAFE;

-- line: 666
CREATE FUNCTION to_tstz(jsonb) RETURNS timestamptz AS $$
    SELECT ($1->>0)::timestamptz;
$$ LANGUAGE SQL IMMUTABLE STRICT SET TIME ZONE 'UTC' COST 5000 PARALLEL SAFE;

-- line: 671
CREATE FUNCTION to_text(jsonb) RETURNS text AS $$
    SELECT CASE WHEN jsonb_typeof($1) IN ('array','object') THEN $1::text ELSE $1->>0 END;
$$ LANGUAGE SQL IMMUTABLE STRICT COST 5000 PARALLEL SAFE;

-- line: 675
CREATE FUNCTION to_text_array(jsonb) RETURNS text[] AS $$
    SELECT
        CASE jsonb_typeof($1)
            WHEN 'array' THEN ARRAY(SELECT jsonb_array_elements_text($1))
            ELSE ARRAY[$1->>0]
        END
    ;
$$ LANGUAGE SQL IMMUTABLE STRICT COST 5000 PARALLEL SAFE;

-- line: 724
CREATE FUNCTION explode_dotpaths(j jsonb) RETURNS SETOF text[] AS $$
    SELECT string_to_array(p, '.') as e FROM jsonb_array_elements_text(j) p;
$$ LANGUAGE SQL IMMUTABLE PARALLEL SAFE;

-- line: 739
CREATE FUNCTION jsonb_set_nested(j jsonb, path text[], val jsonb) RETURNS jsonb AS $$
DECLARE
BEGIN
    IF cardinality(path) > 1 THEN
        FOR i IN 1..(cardinality(path)-1) LOOP
            IF j #> path[:i] IS NULL THEN
                j := jsonb_set_lax(j, path[:i], '{}', TRUE);
            END IF;
        END LOOP;
    END IF;
    RETURN jsonb_set_lax(j, path, val, true);
END;
$$ LANGUAGE PLPGSQL IMMUTABLE;

-- line: 756
CREATE FUNCTION jsonb_include(j jsonb, f jsonb) RETURNS jsonb AS $$
DECLARE
    includes jsonb := f-> 'include';
    outj jsonb := '{}'::jsonb;
    path text[];
BEGIN
    IF
        includes IS NULL
        OR jsonb_array_length(includes) = 0
    THEN
        RETURN j;
    ELSE
        includes := includes || (
            CASE WHEN j ? 'collection' THEN
                '["id","collection"]'
            ELSE
                '["id"]'
            END)::jsonb;
        FOR path IN SELECT explode_dotpaths(includes) LOOP
            outj := jsonb_set_nested(outj, path, j #> path);
        END LOOP;
    END IF;
    RETURN outj;
END;
$$ LANGUAGE PLPGSQL IMMUTABLE;

-- line: 782
CREATE FUNCTION jsonb_exclude(j jsonb, f jsonb) RETURNS jsonb AS $$
DECLARE
    excludes jsonb := f-> 'exclude';
    outj jsonb := j;
    path text[];
BEGIN
    IF
        excludes IS NULL
        OR jsonb_array_length(excludes) = 0
    THEN
        RETURN j;
    ELSE
        FOR path IN SELECT explode_dotpaths(excludes) LOOP
            outj := outj #- path;
        END LOOP;
    END IF;
    RETURN outj;
END;
$$ LANGUAGE PLPGSQL IMMUTABLE;

-- line: 802
CREATE FUNCTION jsonb_fields(j jsonb, f jsonb DEFAULT '{"fields":[]}') RETURNS jsonb AS $$
    SELECT jsonb_exclude(jsonb_include(j, f), f);
$$ LANGUAGE SQL IMMUTABLE;

-- line: 807
CREATE FUNCTION merge_jsonb(_a jsonb, _b jsonb) RETURNS jsonb AS $$
    SELECT
    CASE
        WHEN _a = '"𒍟※"'::jsonb THEN NULL
        WHEN _a IS NULL OR jsonb_typeof(_a) = 'null' THEN _b
        WHEN jsonb_typeof(_a) = 'object' AND jsonb_typeof(_b) = 'object' THEN
            (
                SELECT
                    jsonb_strip_nulls(
                        jsonb_object_agg(
                            key,
                            merge_jsonb(a.value, b.value)
                        )
                    )
                FROM
                    jsonb_each(coalesce(_a,'{}'::jsonb)) as a
                FULL JOIN
                    jsonb_each(coalesce(_b,'{}'::jsonb)) as b
                USING (key)
            )
        WHEN
            jsonb_typeof(_a) = 'array'
            AND jsonb_typeof(_b) = 'array'
            AND jsonb_array_length(_a) = jsonb_array_length(_b)
        THEN
            (
                SELECT jsonb_agg(m) FROM
                    ( SELECT
                        merge_jsonb(
                            jsonb_array_elements(_a),
                            jsonb_array_elements(_b)
                        ) as m
                    ) as l
            )
        ELSE _a
    END
    ;
$$ LANGUAGE SQL IMMUTABLE;

-- line: 992
CREATE TABLE stac_extensions(
    url text PRIMARY KEY,
    content jsonb
);

-- line: 1130
CREATE TABLE queryables (
    id bigint GENERATED ALWAYS AS identity PRIMARY KEY,
    name text NOT NULL,
    collection_ids text[],
    definition jsonb,
    property_path text[],
    property_wrapper text,
    property_index_type text
);

-- line: 1145
CREATE TABLE queryable_wrappers (name text PRIMARY KEY);

-- line: 1148
CREATE FUNCTION strip_properties_prefix(dotpath text) RETURNS text AS $$
    SELECT regexp_replace(dotpath, $r$^(properties\.)+$r$, '');
$$ LANGUAGE SQL IMMUTABLE STRICT PARALLEL SAFE;

-- line: 1153
CREATE FUNCTION canonical_collection_ids(_collection_ids text[]) RETURNS text[] AS $$
    SELECT array_agg(DISTINCT c ORDER BY c) FROM unnest(_collection_ids) c;
$$ LANGUAGE SQL IMMUTABLE STRICT PARALLEL SAFE;

-- line: 1159
CREATE FUNCTION conflicting_queryables(_name text, _collection_ids text[]) RETURNS SETOF queryables AS $$
    SELECT * FROM queryables q
    WHERE
        q.name = strip_properties_prefix(_name)
        AND (
            q.collection_ids IS NULL
            OR canonical_collection_ids(_collection_ids) IS NULL
            OR q.collection_ids && _collection_ids
        );
$$ LANGUAGE SQL STABLE;

-- line: 1171
CREATE FUNCTION check_queryable_wrapper(wrapper text) RETURNS VOID AS $$
BEGIN
    IF NOT EXISTS (SELECT FROM queryable_wrappers WHERE name = wrapper) THEN
        RAISE check_violation USING MESSAGE = format('%s is not in queryable_wrappers.', wrapper);
    END IF;
    IF to_regprocedure(format('pgstac.%I(jsonb)', wrapper)) IS NULL THEN
        RAISE undefined_function USING MESSAGE = format(
            '%s is registered in queryable_wrappers but pgstac.%I(jsonb) does not exist.', wrapper, wrapper
        );
    END IF;
END;
$$ LANGUAGE PLPGSQL STABLE;

-- line: 1184
CREATE FUNCTION queryables_constraint_triggerfunc() RETURNS TRIGGER AS $$
DECLARE
    conflicts json;
BEGIN
    -- Only the parameters of upsert_queryable and delete_queryable read empty collection_ids
    -- as every collection.
    IF NEW.collection_ids = '{}' THEN
        RAISE check_violation USING MESSAGE = 'collection_ids is empty; a queryable for every collection has NULL collection_ids.';
    END IF;
    -- Names and collection_ids are stored in one spelling, so equality is enough to find a row.
    NEW.name := strip_properties_prefix(NEW.name);
    NEW.collection_ids := canonical_collection_ids(NEW.collection_ids);
    -- Serializes writers of one property so the conflict check cannot race.
    PERFORM pg_advisory_xact_lock(hashtext(NEW.name));
    SELECT json_agg(row_to_json(q)) INTO conflicts
    FROM conflicting_queryables(NEW.name, NEW.collection_ids) q
    WHERE q.id IS DISTINCT FROM NEW.id;
    IF conflicts IS NOT NULL THEN
        RAISE unique_violation USING MESSAGE = format(
            'There is already a queryable for %s for a collection in %s: %s', NEW.name, NEW.collection_ids, conflicts
        );
    END IF;
    IF EXISTS (SELECT FROM unnest(NEW.collection_ids) c WHERE NOT EXISTS (SELECT FROM collections WHERE id = c)) THEN
        RAISE foreign_key_violation USING MESSAGE = format('One or more collections in %s do not exist.', NEW.collection_ids);
    END IF;
    PERFORM check_queryable_wrapper(queryable_wrapper(NEW.property_wrapper, NEW.definition));
    IF NEW.property_path IS NOT NULL AND (
        coalesce(array_ndims(NEW.property_path), 0) <> 1
        OR EXISTS (SELECT FROM unnest(NEW.property_path) k WHERE k IS NULL OR k = '')
    ) THEN
        RAISE check_violation USING MESSAGE = format('property_path %s is not a list of keys.', NEW.property_path);
    END IF;
    -- A column of items has the index items itself carries, so nothing to ask for.
    IF NEW.property_path IS NOT NULL AND queryable_column(NEW.name) IS NOT NULL THEN
        RAISE check_violation USING
            MESSAGE = format('%s names a column of items, which is read as itself, so property_path would be ignored.', NEW.name);
    END IF;
    IF NEW.property_index_type IS NOT NULL AND queryable_column(NEW.name) IS NOT NULL THEN
        RAISE check_violation USING MESSAGE = format('%s is read as a column of items, which items indexes itself.', NEW.name);
    END IF;
    RETURN NEW;
END;
$$ LANGUAGE PLPGSQL;

-- line: 1232
CREATE TRIGGER queryables_constraint_update_trigger
BEFORE UPDATE ON queryables
FOR EACH ROW
WHEN (OLD.* IS DISTINCT FROM NEW.*)
EXECUTE PROCEDURE queryables_constraint_triggerfunc();

-- line: 1273
CREATE FUNCTION upsert_queryables(
    _definitions jsonb,
    _collection_ids text[] DEFAULT NULL,
    _index_fields text[] DEFAULT NULL,
    _delete_missing boolean DEFAULT FALSE
) RETURNS int AS $$
DECLARE
    _properties jsonb := _definitions->'properties';
    _name text;
    _definition jsonb;
    _loaded int := 0;
BEGIN
    IF jsonb_typeof(_properties) IS DISTINCT FROM 'object' OR _properties = '{}'::jsonb THEN
        RAISE EXCEPTION 'No properties found in the queryables definition'
            USING ERRCODE = 'invalid_parameter_value';
    END IF;
    FOR _name, _definition IN SELECT key, value FROM jsonb_each(_properties) LOOP
        CONTINUE WHEN queryable_column(_name) IS NOT NULL;
        -- The wrapper is left NULL so queryable_wrapper infers it, and default_index_type
        -- picks the method from the same definition, keeping both rules in one place.
        PERFORM upsert_queryable(
            _name,
            _definition,
            NULL,
            CASE WHEN _name = ANY (coalesce(_index_fields, '{}'::text[]))
                 THEN default_index_type(_definition) END,
            _collection_ids
        );
        _loaded := _loaded + 1;
    END LOOP;
    IF _delete_missing AND _loaded > 0 THEN
        PERFORM delete_missing_queryables(
            ARRAY(SELECT jsonb_object_keys(_properties)),
            _collection_ids
        );
    END IF;
    RETURN _loaded;
END;
$$ LANGUAGE PLPGSQL SET SEARCH_PATH TO pgstac, public;

-- line: 1319
CREATE FUNCTION delete_missing_queryables(
    _names text[],
    _collection_ids text[] DEFAULT NULL
) RETURNS int AS $$
DECLARE
    _deleted int;
BEGIN
    DELETE FROM queryables q
    WHERE q.collection_ids IS NOT DISTINCT FROM canonical_collection_ids(_collection_ids)
      -- A queryable named for a column of items is read as that column; a document that does
      -- not mention it is not asking for it to be removed.
      AND queryable_column(q.name) IS NULL
      AND q.name <> ALL (
          SELECT strip_properties_prefix(n) FROM unnest(coalesce(_names, '{}')) n
      );
    GET DIAGNOSTICS _deleted = ROW_COUNT;
    RETURN _deleted;
END;
$$ LANGUAGE PLPGSQL SET SEARCH_PATH TO pgstac,public;

-- line: 1339
CREATE FUNCTION delete_queryable(
    name text,
    collection_ids text[] DEFAULT NULL
) RETURNS VOID AS $$
BEGIN
    DELETE FROM queryables q
    WHERE
        q.name = strip_properties_prefix(delete_queryable.name)
        AND q.collection_ids IS NOT DISTINCT FROM canonical_collection_ids(delete_queryable.collection_ids)
    ;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'Queryable % for collections % does not exist',
            delete_queryable.name, delete_queryable.collection_ids
            USING ERRCODE = 'no_data_found';
    END IF;
END;
$$ LANGUAGE PLPGSQL SET SEARCH_PATH TO pgstac,public;

-- line: 1538
CREATE FUNCTION queryable_path_elements(dotpath text) RETURNS text[] AS $$
    SELECT CASE
        WHEN e[1] IN ('assets', 'links', 'bbox', 'stac_version', 'stac_extensions', 'properties') THEN e
        ELSE 'properties'::text || e
    END
    FROM string_to_array(strip_properties_prefix(dotpath), '.') e;
$$ LANGUAGE SQL IMMUTABLE STRICT PARALLEL SAFE;

-- line: 1547
CREATE FUNCTION queryable_keys(name text, property_path text[]) RETURNS text[] AS $$
    SELECT COALESCE(property_path, queryable_path_elements(name));
$$ LANGUAGE SQL IMMUTABLE PARALLEL SAFE;

-- line: 1553
CREATE FUNCTION content_path(keys text[]) RETURNS text AS $$
    SELECT 'content->' || string_agg(quote_literal(k), '->' ORDER BY o)
    FROM unnest(keys) WITH ORDINALITY AS u(k, o);
$$ LANGUAGE SQL IMMUTABLE STRICT PARALLEL SAFE;

-- line: 1559
CREATE FUNCTION queryable_column(dotpath text) RETURNS text AS $$
    SELECT CASE strip_properties_prefix(dotpath)
        WHEN 'start_datetime' THEN 'datetime'
        WHEN 'id' THEN 'id'
        WHEN 'geometry' THEN 'geometry'
        WHEN 'datetime' THEN 'datetime'
        WHEN 'end_datetime' THEN 'end_datetime'
        WHEN 'collection' THEN 'collection'
    END;
$$ LANGUAGE SQL IMMUTABLE PARALLEL SAFE;

-- line: 1572
CREATE FUNCTION queryable_wrapper(property_wrapper text, definition jsonb) RETURNS text AS $$
    SELECT COALESCE(
        property_wrapper,
        CASE
            WHEN definition->'type' ? 'integer' THEN 'to_int'
            WHEN definition->'type' ? 'number' THEN 'to_float'
            WHEN definition->'type' ? 'array' THEN 'to_text_array'
            WHEN definition->>'format' IN ('date-time', 'date') THEN 'to_tstz'
            ELSE 'to_text'
        END
    );
$$ LANGUAGE SQL IMMUTABLE PARALLEL SAFE;

-- line: 1585
CREATE FUNCTION queryable(
    IN dotpath text,
    IN _collection_ids text[] DEFAULT NULL,
    OUT path text,
    OUT expression text,
    OUT wrapper text,
    OUT nulled_wrapper text,
    OUT definition jsonb,
    OUT registered boolean
) AS $$
    -- An items column is read as itself, anything else through its wrapper; nulled_wrapper is
    -- NULL for the to_text default. Only rows the search can reach: one for every collection
    -- always, a per-collection row when the search names one of its collections. The row for
    -- every collection wins, and per-collection rows that disagree widen to to_text -- one WHERE
    -- clause cannot read a property as a float for one collection and text for another.
    WITH n AS (
        -- An empty name is not a property: it resolves to content->'properties', so a filter
        -- on it would silently compare the entire properties object.
        SELECT strip_properties_prefix(dotpath) AS name, queryable_column(dotpath) AS col
        -- The stripped name, because that is what is resolved: 'properties.' strips to nothing.
        -- 'properties' alone is not stripped at all and named the whole properties object, which
        -- is the same silent whole-object comparison by another spelling.
        WHERE btrim(coalesce(strip_properties_prefix(dotpath), '')) <> ''
          AND btrim(dotpath) <> 'properties'
    ), applicable AS (
        SELECT q.id, q.definition, q.property_wrapper, q.property_path,
               q.collection_ids IS NULL AS global,
               queryable_wrapper(q.property_wrapper, q.definition) AS w,
               queryable_keys(q.name, q.property_path) AS keys
        FROM queryables q, n
        WHERE n.col IS NULL
          AND q.name = n.name
          AND (q.collection_ids IS NULL
            -- '{}' means every collection here as it does in get_queryables and the write
            -- functions; search() produces it for "collections": [].
            OR nullif(_collection_ids, '{}') IS NULL
            OR q.collection_ids && nullif(_collection_ids, '{}'))
    ), pick AS (
        -- One scan of applicable, not three: the same rows answer all three questions.
        SELECT count(DISTINCT a.w) AS wrappers,
               count(DISTINCT a.keys::text) AS paths,
               (array_agg(a.id ORDER BY a.global DESC, a.id))[1] AS id
        FROM applicable a
    ), best AS (
        SELECT a.*, p.wrappers, p.paths
        FROM pick p LEFT JOIN applicable a ON a.id = p.id
    )
    SELECT
        pth.path,
        CASE WHEN n.col IS NULL THEN format('%I(%s)', wr.wrapper, pth.path) ELSE pth.path END,
        CASE WHEN n.col IS NULL THEN wr.wrapper END,
        CASE WHEN n.col IS NULL AND (
                 b.property_wrapper IS NOT NULL
                 OR wr.wrapper <> 'to_text'
                 -- A widened result is a decision, not the to_text default: reported as NULL it
                 -- would let cql2_query infer a wrapper of its own from the literal.
                 OR (b.id IS NOT NULL AND NOT b.global AND b.wrappers > 1)
             ) THEN wr.wrapper END,
        b.definition,
        n.col IS NOT NULL OR b.id IS NOT NULL
    FROM n
    LEFT JOIN best b ON TRUE
    CROSS JOIN LATERAL (
        SELECT CASE
            WHEN b.id IS NULL OR b.global OR b.wrappers = 1
            THEN queryable_wrapper(b.property_wrapper, b.definition)
            ELSE 'to_text'
        END AS wrapper
    ) wr
    CROSS JOIN LATERAL (
        SELECT COALESCE(n.col, content_path(
            CASE
                WHEN b.id IS NULL OR b.global OR b.paths = 1
                THEN queryable_keys(n.name, b.property_path)
                ELSE queryable_path_elements(n.name)
            END)) AS path
    ) pth;
$$ LANGUAGE SQL STABLE;

-- line: 1745
CREATE FUNCTION queryables_reference_index_triggerfunc() RETURNS TRIGGER AS $$
BEGIN
    -- Two sessions writing different queryable names can deadlock on the shared template.
    -- Retryable, and not serialised here: a lock wide enough to prevent it is held for every
    -- loader transaction.
    PERFORM maintain_reference_index(COALESCE(NEW.id, OLD.id));
    RETURN NULL;
END;
$$ LANGUAGE PLPGSQL;

-- line: 1756
CREATE TRIGGER queryables_reference_index_insert_trigger AFTER INSERT ON queryables
FOR EACH ROW WHEN (NEW.property_index_type IS NOT NULL)
EXECUTE FUNCTION queryables_reference_index_triggerfunc();

-- line: 1760
CREATE TRIGGER queryables_reference_index_update_trigger AFTER UPDATE ON queryables
FOR EACH ROW WHEN (
    (OLD.name, OLD.definition, OLD.property_path, OLD.property_wrapper, OLD.property_index_type)
    IS DISTINCT FROM (NEW.name, NEW.definition, NEW.property_path, NEW.property_wrapper, NEW.property_index_type)
)
EXECUTE FUNCTION queryables_reference_index_triggerfunc();

-- line: 1767
CREATE TRIGGER queryables_reference_index_delete_trigger AFTER DELETE ON queryables
FOR EACH ROW WHEN (OLD.property_index_type IS NOT NULL)
EXECUTE FUNCTION queryables_reference_index_triggerfunc();

-- line: 2048
CREATE FUNCTION schema_qualify_refs(url text, j jsonb) returns jsonb as $$
    SELECT replace(j::text, '"$ref": "#', '"$ref": "' || url || '#')::jsonb;
$$ LANGUAGE SQL IMMUTABLE STRICT PARALLEL SAFE;

-- line: 2053
CREATE VIEW stac_extension_queryables AS
SELECT DISTINCT key as name, schema_qualify_refs(e.url, j.value) as definition FROM stac_extensions e, jsonb_each(e.content->'definitions'->'fields'->'properties') j;

-- line: 2057
CREATE FUNCTION missing_queryables(_collection text, _tablesample float DEFAULT 5, minrows float DEFAULT 10) RETURNS TABLE(collection text, name text, definition jsonb, property_wrapper text) AS $$
DECLARE
    q text;
    _partition text;
    explain_json json;
    psize float;
BEGIN
    SELECT format('_items_%s', key) INTO _partition FROM collections WHERE id=_collection;
    IF to_regclass(_partition) IS NULL THEN
        RETURN;
    END IF;
    EXECUTE format('EXPLAIN (format json) SELECT 1 FROM %I;', _partition)
    INTO explain_json;
    psize := explain_json->0->'Plan'->'Plan Rows';
    -- Widens the sample until it is expected to hold at least minrows rows.
    _tablesample := least(100, greatest(_tablesample, minrows * 100 / greatest(psize, 1)));
    RAISE DEBUG 'Using tablesample % to find missing queryables from % % that has ~% rows', _tablesample, _collection, _partition, psize;
    q := format(
        $q$
            WITH q AS (
                SELECT * FROM queryables
                WHERE
                    collection_ids IS NULL
                    OR %L = ANY(collection_ids)
            ), t AS (
                SELECT
                    content->'properties' AS properties
                FROM
                    %I
                TABLESAMPLE SYSTEM(%L)
            ), p AS (
                SELECT DISTINCT ON (key)
                    key,
                    COALESCE(s.definition, jsonb_build_object('type', jsonb_typeof(value))) AS definition
                FROM t
                JOIN LATERAL jsonb_each(properties) ON TRUE
                LEFT JOIN q ON (q.name=key)
                LEFT JOIN stac_extension_queryables s ON (s.name=key)
                -- Registered at all, not merely defined: a row with a NULL definition is still a
                -- queryable, and reporting it again feeds a loader a wrapper contradicting its own.
                WHERE q.name IS NULL
            )
            SELECT
                %L,
                key,
                definition,
                queryable_wrapper(NULL, definition)
            FROM p;
        $q$,
        _collection,
        _partition,
        _tablesample,
        _collection
    );
    RETURN QUERY EXECUTE q;
END;
$$ LANGUAGE PLPGSQL;

-- line: 2133
CREATE FUNCTION parse_dtrange(
    _indate jsonb,
    relative_base timestamptz DEFAULT date_trunc('hour', CURRENT_TIMESTAMP)
) RETURNS tstzrange AS $$
DECLARE
    timestrs text[];
    s timestamptz;
    e timestamptz;
    -- STAC intervals are closed; a date ending one is bumped to the next midnight and left open
    bounds text := '[]';
    empty_reason text;
BEGIN
    timestrs :=
    CASE
        WHEN _indate ? 'timestamp' THEN
            ARRAY[_indate->>'timestamp']
        WHEN _indate ? 'interval' THEN
            to_text_array(_indate->'interval')
        WHEN jsonb_typeof(_indate) = 'array' THEN
            to_text_array(_indate)
        ELSE
            regexp_split_to_array(
                _indate->>0,
                '/'
            )
    END;
    RAISE DEBUG 'TIMESTRS %', timestrs;
    -- An explicit timestamp is the instant it names, matching temporal_operand: without this the
    -- same spelling is a day in the datetime parameter and an instant in a filter.
    IF jsonb_typeof(_indate) = 'object' AND _indate ? 'timestamp' THEN
        s := (_indate->>'timestamp')::timestamptz;
        RETURN tstzrange(s, s, '[]');
    END IF;
    IF cardinality(timestrs) = 1 THEN
        IF timestrs[1] ILIKE 'P%' THEN
            RETURN tstzrange(relative_base - upper(timestrs[1])::interval, relative_base, '[)');
        END IF;
        -- A bare date is the whole of that day, everywhere: alone, at either end of an
        -- interval, and as a temporal operand. A value carrying a time is the instant it names.
        s := timestrs[1]::timestamptz;
        IF timestrs[1] ~ '^\d{4}-\d{2}-\d{2}$' THEN
            RETURN tstzrange(s, (timestrs[1]::date + 1)::timestamptz, '[)');
        END IF;
        RETURN tstzrange(s, s, '[]');
    END IF;
    IF cardinality(timestrs) != 2 THEN
        RAISE EXCEPTION 'Timestamp cannot have more than 2 values';
    END IF;
    IF timestrs[2] ~ '^\d{4}-\d{2}-\d{2}$' THEN
        timestrs[2] := (timestrs[2]::date + 1)::text;
        bounds := '[)';
    END IF;
    IF timestrs[1] = '..' OR timestrs[1] = '' THEN
        s := '-infinity'::timestamptz;
        e := timestrs[2]::timestamptz;
        RETURN tstzrange(s,e,bounds);
    END IF;
    IF timestrs[2] = '..' OR timestrs[2] = '' THEN
        s := timestrs[1]::timestamptz;
        e := 'infinity'::timestamptz;
        RETURN tstzrange(s,e,'[)');
    END IF;
    IF timestrs[1] ILIKE 'P%' AND timestrs[2] NOT ILIKE 'P%' THEN
        e := timestrs[2]::timestamptz;
        s := e - upper(timestrs[1])::interval;
        empty_reason := 'its duration is zero';
    ELSIF timestrs[2] ILIKE 'P%' AND timestrs[1] NOT ILIKE 'P%' THEN
        s := timestrs[1]::timestamptz;
        e := s + upper(timestrs[2])::interval;
        empty_reason := 'its duration is zero';
    ELSE
        s := timestrs[1]::timestamptz;
        e := timestrs[2]::timestamptz;
        empty_reason := 'it ends before it starts';
    END IF;
    -- A one day inversion bumps the high end onto the low one. tstzrange raises when the start
    -- is after the end, but a '[)' range whose ends are equal is EMPTY, and an empty range
    -- renders as a comparison against NULL: zero rows, silently.
    IF bounds = '[)' AND s >= e THEN
        RAISE EXCEPTION 'Datetime range % is empty: %.', _indate, empty_reason;
    END IF;
    RETURN tstzrange(s,e,bounds);
END;
$$ LANGUAGE PLPGSQL STABLE STRICT PARALLEL SAFE SET TIME ZONE 'UTC';

-- line: 2226
CREATE FUNCTION parse_dtrange(
    _indate text,
    relative_base timestamptz DEFAULT CURRENT_TIMESTAMP
) RETURNS tstzrange AS $$
    SELECT parse_dtrange(to_jsonb(_indate), relative_base);
$$ LANGUAGE SQL STABLE STRICT PARALLEL SAFE;

-- line: 2380
CREATE FUNCTION temporal_end(expr text, ts timestamptz) RETURNS text AS $$
    SELECT CASE WHEN ts IS NOT NULL THEN format('%L::timestamptz', ts) ELSE expr END;
$$ LANGUAGE SQL STABLE SET TIME ZONE 'UTC';

-- line: 2385
CREATE FUNCTION temporal_op_query(op text, args jsonb, _collection_ids text[] DEFAULT NULL) RETURNS text AS $$
DECLARE
    l RECORD;
    r RECORD;
    outq text;
BEGIN
    -- Not STRICT: NULL collection_ids must not null the result.
    IF op IS NULL OR args IS NULL THEN
        RETURN NULL;
    END IF;
    RAISE DEBUG 'Constructing temporal query OP: %, ARGS: %', op, args;
    op := lower(op);
    -- every comparison has the first operand's end on its left
    outq := CASE op
        WHEN 't_before'       THEN 'lh < rl'
        WHEN 't_after'        THEN 'll > rh'
        WHEN 't_meets'        THEN 'lh = rl'
        WHEN 't_metby'        THEN 'll = rh'
        WHEN 't_overlaps'     THEN 'll < rl AND lh > rl AND lh < rh'
        WHEN 't_overlappedby' THEN 'll > rl AND ll < rh AND lh > rh'
        WHEN 't_starts'       THEN 'll = rl AND lh < rh'
        WHEN 't_startedby'    THEN 'll = rl AND lh > rh'
        WHEN 't_during'       THEN 'll > rl AND lh < rh'
        WHEN 't_contains'     THEN 'll < rl AND lh > rh'
        WHEN 't_finishes'     THEN 'll > rl AND lh = rh'
        WHEN 't_finishedby'   THEN 'll < rl AND lh = rh'
        WHEN 't_equals'       THEN 'll = rl AND lh = rh'
        WHEN 't_disjoint'     THEN 'NOT (ll <= rh AND lh >= rl)'
        WHEN 't_intersects'   THEN 'll <= rh AND lh >= rl'
        WHEN 'anyinteracts'   THEN 'll <= rh AND lh >= rl'
    END;
    IF outq IS NULL THEN
        RAISE EXCEPTION 'Temporal operator % is not supported.', op;
    END IF;
    IF args->0 IS NULL OR args->1 IS NULL THEN
        RAISE EXCEPTION 'Temporal operator % requires two operands.', op;
    END IF;
    SELECT * INTO l FROM temporal_operand(args->0, false, _collection_ids);
    SELECT * INTO r FROM temporal_operand(args->1, false, _collection_ids);
    -- Placeholders first, then one format(): an operand that itself contains the text 'rl' can
    -- never be rescanned as a placeholder. The templates above hold nothing but these four names
    -- and operators, so a plain replace cannot match part of anything else.
    outq := replace(replace(replace(replace(
        outq, 'll', '%1$s'), 'lh', '%2$s'), 'rl', '%3$s'), 'rh', '%4$s');
    RETURN format('(' || outq || ')',
        temporal_end(l.low, l.low_ts), temporal_end(l.high, l.high_ts),
        temporal_end(r.low, r.low_ts), temporal_end(r.high, r.high_ts)
    );
END;
$$ LANGUAGE PLPGSQL STABLE;

-- line: 2524
CREATE TABLE cql2_ops (
    op text PRIMARY KEY,
    template text
);

-- line: 2844
CREATE FUNCTION include_field(f text, fields jsonb DEFAULT '{}'::jsonb) RETURNS boolean AS $$
DECLARE
    includes jsonb := fields->'include';
    excludes jsonb := fields->'exclude';
BEGIN
    IF f IS NULL THEN
        RETURN NULL;
    END IF;
    IF
        jsonb_typeof(excludes) = 'array'
        AND jsonb_array_length(excludes)>0
        AND excludes ? f
    THEN
        RETURN FALSE;
    END IF;
    IF
        (
            jsonb_typeof(includes) = 'array'
            AND jsonb_array_length(includes) > 0
            AND includes ? f
        ) OR
        (
            includes IS NULL
            OR jsonb_typeof(includes) = 'null'
            OR jsonb_array_length(includes) = 0
        )
    THEN
        RETURN TRUE;
    END IF;
    RETURN FALSE;
END;
$$ LANGUAGE PLPGSQL IMMUTABLE;

-- line: 2882
CREATE FUNCTION content_hydrate(
    _item jsonb,
    _base_item jsonb,
    fields jsonb DEFAULT '{}'::jsonb
) RETURNS jsonb AS $$
    SELECT merge_jsonb(
            jsonb_fields(_item, fields),
            jsonb_fields(_base_item, fields)
    );
$$ LANGUAGE SQL IMMUTABLE PARALLEL SAFE;

-- line: 3337
CREATE FUNCTION update_partition_stats_q(_partition text, istrigger boolean default false) RETURNS boolean AS $$
DECLARE
BEGIN
    RETURN run_or_queue(
        format('SELECT update_partition_stats(%L, %L);', _partition, istrigger)
    );
END;
$$ LANGUAGE PLPGSQL;

-- line: 3800
CREATE FUNCTION repartition(_collection text, _partition_trunc text, triggered boolean DEFAULT FALSE) RETURNS text AS $$
DECLARE
    c RECORD;
BEGIN
    SELECT * INTO c FROM collections WHERE id=_collection;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'Collection % does not exist', _collection USING ERRCODE = 'foreign_key_violation', HINT = 'Make sure collection exists before adding items';
    END IF;
    IF triggered THEN
        RAISE DEBUG 'Converting % to % partitioning via Trigger', _collection, _partition_trunc;
    ELSE
        RAISE DEBUG 'Converting % from using % to % partitioning', _collection, c.partition_trunc, _partition_trunc;
        IF c.partition_trunc IS NOT DISTINCT FROM _partition_trunc THEN
            RAISE NOTICE 'Collection % already set to use partition by %', _collection, _partition_trunc;
            RETURN _collection;
        END IF;
    END IF;
    IF EXISTS (SELECT 1 FROM partitions_view WHERE collection=_collection LIMIT 1) THEN
        EXECUTE format(
            $q$
                CREATE TEMP TABLE changepartitionstaging  AS SELECT * FROM %I;
                DROP TABLE IF EXISTS %I CASCADE;
                DELETE FROM partition_stats WHERE collection = %L;
                WITH p AS (
                    SELECT
                        collection,
                        CASE
                            WHEN %L IS NULL THEN '-infinity'::timestamptz
                            ELSE date_trunc(%L, datetime)
                        END as d,
                        tstzrange(min(datetime),max(datetime),'[]') as dtrange,
                        tstzrange(min(end_datetime),max(end_datetime),'[]') as edtrange
                    FROM changepartitionstaging
                    GROUP BY 1,2
                ) SELECT check_partition(collection, dtrange, edtrange) FROM p;
                INSERT INTO items SELECT * FROM changepartitionstaging;
                DROP TABLE changepartitionstaging;
            $q$,
            concat('_items_', c.key),
            concat('_items_', c.key),
            _collection,
            c.partition_trunc,
            c.partition_trunc
        );
    END IF;
    RETURN _collection;
END;
-- UTC: a repartition rebuilds every partition of the collection, so it is the one point where an
-- existing catalog's alignment can be corrected without rewriting anything unasked for.
$$ LANGUAGE PLPGSQL SECURITY DEFINER SET SEARCH_PATH TO pgstac, public SET TIME ZONE 'UTC';

-- line: 3876
CREATE FUNCTION chunker(
    IN _where text,
    OUT s timestamptz,
    OUT e timestamptz
) RETURNS SETOF RECORD AS $$
DECLARE
    explain jsonb;
BEGIN
    IF _where IS NULL THEN
        _where := ' TRUE ';
    END IF;
    EXECUTE format('EXPLAIN (format json) SELECT 1 FROM items WHERE %s;', _where)
    INTO explain;
    RAISE DEBUG 'EXPLAIN: %', explain;
    RETURN QUERY
    WITH t AS (
        SELECT j->>0 as p FROM
            jsonb_path_query(
                explain,
                'strict $.**."Relation Name" ? (@ != null)'
            ) j
    ),
    parts AS (
        -- = ANY(array) uses the partition_stats primary key; the planner
        -- cannot estimate jsonb_path_query, so a join plans as a full scan.
        SELECT
            date_trunc('month', lower(partition_dtrange)) as sdate,
            date_trunc('month', upper(partition_dtrange)) + '1 month'::interval as edate
        FROM partition_stats
        WHERE
            partition = ANY (ARRAY(SELECT p FROM t))
            AND partition_dtrange IS NOT NULL
            AND partition_dtrange != 'empty'::tstzrange
    ),
    times AS (
        SELECT sdate FROM parts
        UNION
        SELECT edate FROM parts
    ),
    uniq AS (
        SELECT DISTINCT sdate FROM times ORDER BY sdate
    ),
    last AS (
    SELECT sdate, lead(sdate, 1) over () as edate FROM uniq
    )
    SELECT sdate, edate FROM last WHERE edate IS NOT NULL;
END;
$$ LANGUAGE PLPGSQL;

-- line: 3926
CREATE FUNCTION partition_queries(
    IN _where text DEFAULT 'TRUE',
    IN _orderby text DEFAULT 'datetime DESC, collection DESC, id DESC',
    IN partitions text[] DEFAULT NULL
) RETURNS SETOF text AS $$
DECLARE
    query text;
    sdate timestamptz;
    edate timestamptz;
BEGIN
IF _where IS NULL OR trim(_where) = '' THEN
    _where = ' TRUE ';
END IF;
RAISE DEBUG 'Getting chunks for % %', _where, _orderby;
IF _orderby ILIKE 'datetime d%' THEN
    FOR sdate, edate IN SELECT * FROM chunker(_where) ORDER BY 1 DESC LOOP
        RETURN NEXT format($q$
            SELECT * FROM items
            WHERE
            datetime >= %L AND datetime < %L
            AND (%s)
            ORDER BY %s
            $q$,
            sdate,
            edate,
            _where,
            _orderby
        );
    END LOOP;
ELSIF _orderby ILIKE 'datetime a%' THEN
    FOR sdate, edate IN SELECT * FROM chunker(_where) ORDER BY 1 ASC LOOP
        RETURN NEXT format($q$
            SELECT * FROM items
            WHERE
            datetime >= %L AND datetime < %L
            AND (%s)
            ORDER BY %s
            $q$,
            sdate,
            edate,
            _where,
            _orderby
        );
    END LOOP;
ELSE
    query := format($q$
        SELECT * FROM items
        WHERE %s
        ORDER BY %s
    $q$, _where, _orderby
    );
    RETURN NEXT query;
    RETURN;
END IF;
RETURN;
END;
$$ LANGUAGE PLPGSQL SET SEARCH_PATH TO pgstac,public;

-- line: 3987
CREATE FUNCTION partition_query_view(
    IN _where text DEFAULT 'TRUE',
    IN _orderby text DEFAULT 'datetime DESC, collection DESC, id DESC',
    IN _limit int DEFAULT 10
) RETURNS text AS $$
    WITH p AS (
        SELECT * FROM partition_queries(_where, _orderby) p
    )
    SELECT
        CASE WHEN EXISTS (SELECT 1 FROM p) THEN
            (SELECT format($q$
                SELECT * FROM (
                    %s
                ) total LIMIT %s
                $q$,
                string_agg(
                    format($q$ SELECT * FROM ( %s ) AS sub $q$, p),
                    '
                    UNION ALL
                    '
                ),
                _limit
            ))
        ELSE NULL
        END FROM p;
$$ LANGUAGE SQL;

-- line: 4194
CREATE FUNCTION parse_sort_dir(_dir text, reverse boolean default false) RETURNS text AS $$
DECLARE
    d text := btrim(coalesce(_dir, ''));
BEGIN
    -- The whole word, not a prefix: 'desc%' accepts anything merely beginning with desc. An
    -- unrecognised direction raises rather than reading as ASC, where a typo silently reverses
    -- half a result set.
    IF d <> '' AND d !~* '^(asc|desc)(ending)?$' THEN
        RAISE EXCEPTION 'Invalid sortby direction %: must be asc or desc', _dir;
    END IF;
    -- boolean <> is xor: reverse flips whichever direction was asked for
    RETURN CASE WHEN (d ILIKE 'desc%') <> reverse THEN 'DESC' ELSE 'ASC' END;
END;
$$ LANGUAGE PLPGSQL IMMUTABLE PARALLEL SAFE;

-- line: 4210
CREATE FUNCTION sortby_with_tiebreakers(
    _sortby jsonb,
    _keys text[] DEFAULT '{collection,id}'
) RETURNS jsonb AS $$
DECLARE
    -- A missing or empty sortby is datetime DESC and a lone object is a one
    -- element array. The key columns of the searched relation (items unless
    -- given) are appended in the first direction for a total order.
    sort jsonb := CASE
        WHEN _sortby IS NULL OR jsonb_typeof(_sortby) = 'null' OR _sortby = '[]'::jsonb THEN '[{"field":"datetime","direction":"desc"}]'::jsonb
        WHEN jsonb_typeof(_sortby) = 'object' THEN jsonb_build_array(_sortby)
        ELSE _sortby
    END;
BEGIN
    IF jsonb_typeof(sort) != 'array' OR EXISTS (
        SELECT 1 FROM jsonb_array_elements(sort) e
        WHERE jsonb_typeof(e) != 'object'
           OR jsonb_typeof(e->'field') IS DISTINCT FROM 'string'
           -- An empty field resolves to nothing, leaving a bare direction in the ORDER BY:
           -- a syntax error raised from deep inside search_rows.
           OR btrim(coalesce(strip_properties_prefix(e->>'field'), '')) = ''
    ) THEN
        RAISE EXCEPTION 'Invalid sortby %: must be an array of {"field": text, "direction": text} objects', _sortby;
    END IF;
    RETURN sort || coalesce(
        (
            SELECT jsonb_agg(jsonb_build_object('field', f, 'direction', sort->0->>'direction') ORDER BY n)
            FROM unnest(_keys) WITH ORDINALITY AS t(f, n)
            WHERE NOT jsonb_path_exists(sort, '$[*] ? (@.field == $f)', jsonb_build_object('f', f))
        ),
        '[]'::jsonb
    );
END;
$$ LANGUAGE PLPGSQL STABLE PARALLEL SAFE;

-- line: 4245
CREATE FUNCTION sort_sqlorderby(
    _search jsonb DEFAULT NULL,
    reverse boolean DEFAULT FALSE,
    _keys text[] DEFAULT '{collection,id}',
    _collection_ids text[] DEFAULT NULL
) RETURNS text AS $$
    WITH sorts AS (
        SELECT
            (queryable(value->>'field', _collection_ids)).expression as key,
            parse_sort_dir(value->>'direction', reverse) as dir
        FROM jsonb_array_elements(sortby_with_tiebreakers(_search->'sortby', _keys)) AS t(value)
    )
    SELECT array_to_string(
        array_agg(concat(key, ' ', dir)),
        ', '
    ) FROM sorts;
$$ LANGUAGE SQL;

-- line: 4406
CREATE FUNCTION search_hash(jsonb, jsonb) RETURNS text AS $$
    SELECT md5(concat(($1 - '{token,limit,context,includes,excludes}'::text[])::text,$2::text));
$$ LANGUAGE SQL IMMUTABLE PARALLEL SAFE;

-- line: 4411
CREATE TABLE searches(
    hash text GENERATED ALWAYS AS (search_hash(search, metadata)) STORED PRIMARY KEY,
    search jsonb NOT NULL,
    _where text,
    orderby text,
    lastused timestamptz DEFAULT now(),
    usecount bigint DEFAULT 0,
    metadata jsonb DEFAULT '{}'::jsonb NOT NULL
);

-- line: 4421
CREATE TABLE search_wheres(
    id bigint generated always as identity primary key,
    _where text NOT NULL,
    lastused timestamptz DEFAULT now(),
    usecount bigint DEFAULT 0,
    statslastupdated timestamptz,
    estimated_count bigint,
    estimated_cost float,
    time_to_estimate float,
    total_count bigint,
    time_to_count float,
    partitions text[]
);

-- line: 4436
CREATE UNIQUE INDEX search_wheres_where ON search_wheres ((md5(_where)));

-- line: 4626
CREATE FUNCTION search_query(
    _search jsonb = '{}'::jsonb,
    updatestats boolean = false,
    _metadata jsonb = '{}'::jsonb
) RETURNS searches AS $$
DECLARE
    search searches%ROWTYPE;
    cached_search searches%ROWTYPE;
    pexplain jsonb;
    t timestamptz;
    i interval;
    doupdate boolean := FALSE;
    insertfound boolean := FALSE;
    ro boolean := readonly();
    found_search text;
BEGIN
    -- Calculate hash, where clause, and order by statement
    search.search := _search;
    search.metadata := _metadata;
    search.hash := search_hash(_search, _metadata);
    search._where := stac_search_to_where(_search);
    search.orderby := sort_sqlorderby(_search, FALSE, '{collection,id}', to_text_array(_search->'collections'));
    search.lastused := now();
    search.usecount := 1;
    -- If we are in read only mode, directly return search
    IF ro THEN
        RETURN search;
    END IF;
    -- Update statistics for times used and and when last used
    -- If the entry is locked, rather than waiting, skip updating the stats
    INSERT INTO searches (search, lastused, usecount, metadata)
        VALUES (search.search, now(), 1, search.metadata)
        ON CONFLICT DO NOTHING
        RETURNING * INTO cached_search
    ;
    IF NOT FOUND OR cached_search IS NULL THEN
        UPDATE searches SET
            lastused = now(),
            usecount = searches.usecount + 1
        WHERE hash = (
            SELECT hash FROM searches WHERE hash=search.hash FOR UPDATE SKIP LOCKED
        )
        RETURNING * INTO cached_search
        ;
    END IF;
    IF cached_search IS NOT NULL THEN
        cached_search._where = search._where;
        cached_search.orderby = search.orderby;
        RETURN cached_search;
    END IF;
    RETURN search;
END;
$$ LANGUAGE PLPGSQL;

-- line: 4796
CREATE UNLOGGED TABLE format_item_cache(
    id text,
    collection text,
    fields text,
    hydrated bool,
    output jsonb,
    lastused timestamptz DEFAULT now(),
    usecount int DEFAULT 1,
    timetoformat float,
    PRIMARY KEY (collection, id, fields, hydrated)
);

-- line: 4843
CREATE FUNCTION check_int(_value jsonb, _name text) RETURNS int AS $$
DECLARE
    v text := btrim(_value#>>'{}');
BEGIN
    IF v IS NULL THEN
        RETURN NULL;
    END IF;
    IF v !~ '^\d+$' OR v::numeric > 2147483647 THEN
        RAISE EXCEPTION 'Invalid % %: must be a non-negative integer', _name, _value;
    END IF;
    RETURN v::int;
END;
$$ LANGUAGE PLPGSQL IMMUTABLE PARALLEL SAFE;

-- line: 4859
CREATE FUNCTION search_offset(_search jsonb, _default int DEFAULT 0) RETURNS int AS $$
    SELECT COALESCE(check_int(_search->'offset', 'offset'), _default);
$$ LANGUAGE SQL IMMUTABLE PARALLEL SAFE;

-- line: 4863
CREATE FUNCTION search_limit(_search jsonb, _default int DEFAULT 10) RETURNS int AS $$
    SELECT COALESCE(check_int(_search->'limit', 'limit'), _default);
$$ LANGUAGE SQL IMMUTABLE PARALLEL SAFE;

-- line: 5063
CREATE FUNCTION search_cursor(_search jsonb = '{}'::jsonb) RETURNS refcursor AS $$
DECLARE
    curs refcursor;
    searches searches%ROWTYPE;
    _where text;
    _orderby text;
    q text;
BEGIN
    searches := search_query(_search);
    _where := searches._where;
    _orderby := searches.orderby;
    OPEN curs FOR
        WITH p AS (
            SELECT * FROM partition_queries(_where, _orderby) p
        )
        SELECT
            CASE WHEN EXISTS (SELECT 1 FROM p) THEN
                (SELECT format($q$
                    SELECT * FROM (
                        %s
                    ) total
                    $q$,
                    string_agg(
                        format($q$ SELECT * FROM ( %s ) AS sub $q$, p),
                        '
                        UNION ALL
                        '
                    )
                ))
            ELSE NULL
            END FROM p;
    RETURN curs;
END;
$$ LANGUAGE PLPGSQL;

-- line: 5117
CREATE FUNCTION collection_search_matched(
    IN _search jsonb DEFAULT '{}'::jsonb,
    OUT matched bigint
) RETURNS bigint AS $$
DECLARE
    _where text := stac_search_to_where(_search);
BEGIN
    EXECUTE format(
        $query$
            SELECT
                count(*)
            FROM
                collections_asitems
            WHERE %s
            ;
        $query$,
        _where
    ) INTO matched;
    RETURN;
END;
$$ LANGUAGE PLPGSQL STABLE PARALLEL SAFE;

-- line: 5139
CREATE FUNCTION collection_search_rows(
    _search jsonb DEFAULT '{}'::jsonb
) RETURNS SETOF jsonb AS $$
DECLARE
    _where text := stac_search_to_where(_search);
    _limit int := search_limit(_search);
    _fields jsonb := coalesce(_search->'fields', '{}'::jsonb);
    _orderby text := sort_sqlorderby(_search, FALSE, '{id}');
    _offset int := search_offset(_search);
BEGIN
    RETURN QUERY EXECUTE format(
        $query$
            SELECT
                jsonb_fields(collectionjson, %L) as c
            FROM
                collections_asitems
            WHERE %s
            ORDER BY %s
            LIMIT %L
            OFFSET %L
            ;
        $query$,
        _fields,
        _where,
        _orderby,
        _limit,
        _offset
    );
END;
$$ LANGUAGE PLPGSQL;

-- line: 5170
CREATE FUNCTION collection_search(
    _search jsonb DEFAULT '{}'::jsonb
) RETURNS jsonb AS $$
DECLARE
    out_records jsonb;
    number_matched bigint := collection_search_matched(_search);
    number_returned bigint;
    _limit int := search_limit(_search);
    _offset int := search_offset(_search);
    links jsonb := '[]';
    ret jsonb;
    base_url text:= concat(rtrim(base_url(_search->'conf'),'/'), '/collections');
    prevoffset int;
    nextoffset int;
BEGIN
    SELECT
        coalesce(jsonb_agg(c), '[]')
    INTO out_records
    FROM collection_search_rows(_search) c;
    number_returned := jsonb_array_length(out_records);
    RAISE DEBUG 'nm: %, nr: %, l:%, o:%', number_matched, number_returned, _limit, _offset;
    -- a prev link depends only on being past the first page, a next link only on rows remaining
    IF _offset > 0 THEN
        -- Stepped back from the last offset that can hold rows, so an offset past the end does
        -- not walk back one empty page at a time, and by at least one so a limit of 0 does not
        -- produce a prev link pointing at the page that produced it.
        prevoffset := greatest(least(_offset, number_matched) - greatest(_limit, 1), 0);
        links := links || jsonb_build_object(
                'rel', 'prev',
                'type', 'application/json',
                'method', 'GET' ,
                'href', base_url,
                'body', jsonb_build_object('offset', prevoffset),
                'merge', TRUE
            );
    END IF;
    IF _limit > 0 AND _offset + _limit < number_matched THEN
        nextoffset := _offset + _limit;
        links := links || jsonb_build_object(
                'rel', 'next',
                'type', 'application/json',
                'method', 'GET' ,
                'href', base_url,
                'body', jsonb_build_object('offset', nextoffset),
                'merge', TRUE
            );
    END IF;
    ret := jsonb_build_object(
        'collections', out_records,
        'numberMatched', number_matched,
        'numberReturned', number_returned,
        'links', links
    );
    RETURN ret;
END;
$$ LANGUAGE PLPGSQL STABLE PARALLEL SAFE;

-- line: 5554, from: 14
CREATE PROCEDURE line_5554() LANGUAGE sql BEGIN ATOMIC
INSERT INTO queryable_wrappers (name) VALUES
  ('to_int'), ('to_float'), ('to_tstz'), ('to_text'), ('to_text_array')
ON CONFLICT DO NOTHING;
END;

-- line: 5558, from: 14
CREATE PROCEDURE line_5558() LANGUAGE sql BEGIN ATOMIC
INSERT INTO queryables (name, definition)
  SELECT * FROM (VALUES
    ('id', '{"title": "Item ID","description": "Item identifier","$ref": "https://schemas.stacspec.org/v1.0.0/item-spec/json-schema/item.json#/definitions/core/allOf/2/properties/id"}'::jsonb),
    ('geometry', '{"title": "Item Geometry","description": "Item Geometry","$ref": "https://geojson.org/schema/Feature.json#/properties/geometry"}'),
    ('datetime', '{"description": "Datetime","type": "string","title": "Acquired","format": "date-time","pattern": "(\\+00:00|Z)$"}')
  ) v (name, definition)
  WHERE NOT EXISTS (SELECT FROM queryables WHERE name = v.name);
END;

-- line: 5570, from: 14
CREATE PROCEDURE line_5570() LANGUAGE sql BEGIN ATOMIC
UPDATE queryables
SET definition = '{"title": "Item Geometry","description": "Item Geometry","$ref": "https://geojson.org/schema/Feature.json#/properties/geometry"}'
WHERE name = 'geometry' AND collection_ids IS NULL
  AND definition = '{"title": "Item Geometry","description": "Item Geometry","$ref": "https://geojson.org/schema/Feature.json"}'::jsonb;
END;

-- line: 5579, from: 14
CREATE PROCEDURE line_5579() LANGUAGE sql BEGIN ATOMIC
INSERT INTO pgstac_settings (name, value) VALUES
  ('context', 'off'),
  ('context_estimated_count', '100000'),
  ('context_estimated_cost', '100000'),
  ('context_stats_ttl', '1 day'),
  ('default_filter_lang', 'cql2-json'),
  ('additional_properties', 'true'),
  ('use_queue', 'false'),
  ('queue_timeout', '10 minutes'),
  ('queue_retries', '3'),
  ('update_collection_extent', 'false'),
  ('format_cache', 'false'),
  ('readonly', 'false')
ON CONFLICT DO NOTHING;
END;

-- line: 5596, from: 14
CREATE PROCEDURE line_5596() LANGUAGE sql BEGIN ATOMIC
INSERT INTO cql2_ops (op, template) VALUES
    ('eq', '%s = %s'),
    ('neq', '%s != %s'),
    ('ne', '%s != %s'),
    ('!=', '%s != %s'),
    ('<>', '%s != %s'),
    ('lt', '%s < %s'),
    ('lte', '%s <= %s'),
    ('gt', '%s > %s'),
    ('gte', '%s >= %s'),
    ('le', '%s <= %s'),
    ('ge', '%s >= %s'),
    ('=', '%s = %s'),
    ('<', '%s < %s'),
    ('<=', '%s <= %s'),
    ('>', '%s > %s'),
    ('>=', '%s >= %s'),
    ('like', '%s LIKE %s'),
    ('ilike', '%s ILIKE %s'),
    ('+', '%s + %s'),
    ('-', '%s - %s'),
    ('*', '%s * %s'),
    ('/', '%s / %s'),
    ('not', 'NOT (%s)'),
    ('between', '%s BETWEEN %s AND %s'),
    ('isnull', '%s IS NULL'),
    ('upper', 'upper(%s)'),
    ('lower', 'lower(%s)'),
    ('casei', 'upper(%s)'),
    ('accenti', 'unaccent(%s)')
ON CONFLICT (op) DO UPDATE
    SET
        template = EXCLUDED.template;
END;

-- source: matrix-synapse 1.98.0 synapse/storage/schema/common/full_schemas/72/full.sql.postgres
CREATE SCHEMA of_synapse; SET LOCAL search_path = of_synapse;

-- line: 1
CREATE TABLE background_updates (
    update_name text NOT NULL,
    progress_json text NOT NULL,
    depends_on text,
    ordering integer DEFAULT 0 NOT NULL
);

-- line: 7
ALTER TABLE ONLY background_updates
    ADD CONSTRAINT background_updates_uniqueness UNIQUE (update_name);

-- source: matrix-synapse 1.98.0 synapse/storage/schema/main/delta/73/12refactor_device_list_outbound_pokes.sql

-- line: 28
CREATE TABLE device_lists_changes_converted_stream_position(
    Lock CHAR(1) NOT NULL DEFAULT 'X' UNIQUE,
    stream_id BIGINT NOT NULL,
    room_id TEXT NOT NULL,
    CHECK (Lock='X')
);

-- source: matrix-synapse 1.98.0 synapse/storage/schema/main/delta/73/22_rebuild_user_dir_stats.sql

-- line: 16, from: 14
CREATE PROCEDURE line_16() LANGUAGE sql BEGIN ATOMIC
INSERT INTO background_updates (ordering, update_name, progress_json, depends_on) VALUES
  (7322, 'populate_user_directory_createtables', '{}', NULL),
  (7322, 'populate_user_directory_process_rooms', '{}', 'populate_user_directory_createtables'),
  (7322, 'populate_user_directory_process_users', '{}', 'populate_user_directory_process_rooms'),
  (7322, 'populate_user_directory_cleanup', '{}', 'populate_user_directory_process_users'),
  (7322, 'populate_stats_process_rooms', '{}', NULL),
  (7322, 'populate_stats_process_users', '{}', NULL)
ON CONFLICT (update_name) DO NOTHING;
END;

-- source: matrix-synapse 1.98.0 synapse/storage/schema/main/delta/76/04_add_room_forgetter.sql

-- line: 16
CREATE TABLE room_forgetter_stream_pos (
    Lock CHAR(1) NOT NULL DEFAULT 'X' UNIQUE,
    stream_id  BIGINT NOT NULL,
    CHECK (Lock='X')
);

-- source: matrix-synapse 1.98.0 synapse/storage/schema/main/delta/79/03_read_write_locks_triggers.sql.postgres

-- line: 47
CREATE TABLE worker_read_write_locks_mode (
    lock_name TEXT NOT NULL,
    lock_key TEXT NOT NULL,
    write_lock BOOLEAN NOT NULL,
    token TEXT NOT NULL
);

-- line: 58
CREATE UNIQUE INDEX worker_read_write_locks_mode_key ON worker_read_write_locks_mode (lock_name, lock_key);

-- line: 61
CREATE UNIQUE INDEX worker_read_write_locks_mode_type ON worker_read_write_locks_mode (lock_name, lock_key, write_lock);

-- line: 65
CREATE TABLE worker_read_write_locks (
    lock_name TEXT NOT NULL,
    lock_key TEXT NOT NULL,
    instance_name TEXT NOT NULL,
    write_lock BOOLEAN NOT NULL,
    token TEXT NOT NULL,
    last_renewed_ts BIGINT NOT NULL,
    FOREIGN KEY (lock_name, lock_key, write_lock) REFERENCES worker_read_write_locks_mode (lock_name, lock_key, write_lock)
);

-- line: 89
CREATE UNIQUE INDEX worker_read_write_locks_write ON worker_read_write_locks (lock_name, lock_key) WHERE write_lock;

-- source: matrix-synapse 1.98.0 synapse/storage/schema/main/full_schemas/72/full.sql.postgres

-- line: 33
CREATE SEQUENCE account_data_sequence
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;

-- line: 70
CREATE TABLE appservice_stream_position (
    lock character(1) DEFAULT 'X'::bpchar NOT NULL,
    stream_ordering bigint,
    CONSTRAINT appservice_stream_position_lock_check CHECK ((lock = 'X'::bpchar))
);

-- line: 106
CREATE TABLE current_state_events (
    event_id text NOT NULL,
    room_id text NOT NULL,
    type text NOT NULL,
    state_key text NOT NULL,
    membership text
);

-- line: 168
CREATE TABLE device_lists_changes_in_room (
    user_id text NOT NULL,
    device_id text NOT NULL,
    room_id text NOT NULL,
    stream_id bigint NOT NULL,
    converted_to_destinations boolean NOT NULL,
    opentracing_context text
);

-- line: 208
CREATE TABLE devices (
    user_id text NOT NULL,
    device_id text NOT NULL,
    display_name text,
    last_seen bigint,
    ip text,
    user_agent text,
    hidden boolean DEFAULT false
);

-- line: 236
CREATE TABLE e2e_fallback_keys_json (
    user_id text NOT NULL,
    device_id text NOT NULL,
    algorithm text NOT NULL,
    key_id text NOT NULL,
    key_json text NOT NULL,
    used boolean DEFAULT false NOT NULL
);

-- line: 262
CREATE TABLE e2e_room_keys_versions (
    user_id text NOT NULL,
    version bigint NOT NULL,
    algorithm text NOT NULL,
    auth_data text NOT NULL,
    deleted smallint DEFAULT 0 NOT NULL,
    etag bigint
);

-- line: 305
CREATE TABLE event_edges (
    event_id text NOT NULL,
    prev_event_id text NOT NULL,
    room_id text,
    is_state boolean DEFAULT false NOT NULL
);

-- line: 332
CREATE TABLE event_push_actions (
    room_id text NOT NULL,
    event_id text NOT NULL,
    user_id text NOT NULL,
    profile_tag character varying(32),
    actions text NOT NULL,
    topological_ordering bigint,
    stream_ordering bigint,
    notif smallint,
    highlight smallint,
    unread smallint,
    thread_id text
);

-- line: 363
CREATE TABLE event_push_summary_last_receipt_stream_id (
    lock character(1) DEFAULT 'X'::bpchar NOT NULL,
    stream_id bigint NOT NULL,
    CONSTRAINT event_push_summary_last_receipt_stream_id_lock_check CHECK ((lock = 'X'::bpchar))
);

-- line: 409
CREATE TABLE events (
    topological_ordering bigint NOT NULL,
    event_id text NOT NULL,
    type text NOT NULL,
    room_id text NOT NULL,
    content text,
    unrecognized_keys text,
    processed boolean NOT NULL,
    outlier boolean NOT NULL,
    depth bigint DEFAULT 0 NOT NULL,
    origin_server_ts bigint,
    received_ts bigint,
    sender text,
    contains_url boolean,
    instance_name text,
    stream_ordering bigint,
    state_key text,
    rejection_reason text
);

-- line: 454
CREATE TABLE federation_stream_position (
    type text NOT NULL,
    stream_id bigint NOT NULL,
    instance_name text DEFAULT 'master'::text NOT NULL
);

-- line: 477
CREATE TABLE instance_map (
    instance_id integer NOT NULL,
    instance_name text NOT NULL
);

-- line: 481
CREATE SEQUENCE instance_map_instance_id_seq
    AS integer
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;

-- line: 495
CREATE TABLE local_media_repository (
    media_id text,
    media_type text,
    media_length integer,
    created_ts bigint,
    upload_name text,
    user_id text,
    quarantined_by text,
    url_cache text,
    last_access_ts bigint,
    safe_from_quarantine boolean DEFAULT false NOT NULL
);

-- line: 572
CREATE TABLE push_rules (
    id bigint NOT NULL,
    user_name text NOT NULL,
    rule_id text NOT NULL,
    priority_class smallint NOT NULL,
    priority integer DEFAULT 0 NOT NULL,
    conditions text NOT NULL,
    actions text NOT NULL
);

-- line: 626
CREATE TABLE receipts_graph (
    room_id text NOT NULL,
    receipt_type text NOT NULL,
    user_id text NOT NULL,
    event_ids text NOT NULL,
    data text NOT NULL,
    thread_id text
);

-- line: 651
CREATE TABLE received_transactions (
    transaction_id text,
    origin text,
    ts bigint,
    response_code integer,
    response_json bytea,
    has_been_referenced smallint DEFAULT 0
);

-- line: 659
CREATE TABLE redactions (
    event_id text NOT NULL,
    redacts text NOT NULL,
    have_censored boolean DEFAULT false NOT NULL,
    received_ts bigint
);

-- line: 728
CREATE TABLE room_memberships (
    event_id text NOT NULL,
    user_id text NOT NULL,
    sender text NOT NULL,
    room_id text NOT NULL,
    membership text NOT NULL,
    forgotten integer DEFAULT 0,
    display_name text,
    avatar_url text
);

-- line: 942
CREATE TABLE users (
    name text,
    password_hash text,
    creation_ts bigint,
    admin smallint DEFAULT 0 NOT NULL,
    upgrade_ts bigint,
    is_guest smallint DEFAULT 0 NOT NULL,
    appservice_id text,
    consent_version text,
    consent_server_notice_sent text,
    user_type text,
    deactivated smallint DEFAULT 0 NOT NULL,
    shadow_banned boolean,
    consent_ts bigint
);

-- line: 980
ALTER TABLE ONLY instance_map ALTER COLUMN instance_id SET DEFAULT nextval('instance_map_instance_id_seq'::regclass);

-- line: 995
ALTER TABLE ONLY current_state_events
    ADD CONSTRAINT current_state_events_event_id_key UNIQUE (event_id);

-- line: 997
ALTER TABLE ONLY current_state_events
    ADD CONSTRAINT current_state_events_room_id_type_state_key_key UNIQUE (room_id, type, state_key);

-- line: 1023
ALTER TABLE ONLY event_push_actions
    ADD CONSTRAINT event_id_user_id_profile_tag_uniqueness UNIQUE (room_id, event_id, user_id, profile_tag);

-- line: 1037
ALTER TABLE ONLY events
    ADD CONSTRAINT events_event_id_key UNIQUE (event_id);

-- line: 1073
ALTER TABLE ONLY receipts_graph
    ADD CONSTRAINT receipts_graph_uniqueness UNIQUE (room_id, receipt_type, user_id);

-- line: 1075
ALTER TABLE ONLY receipts_graph
    ADD CONSTRAINT receipts_graph_uniqueness_thread UNIQUE (room_id, receipt_type, user_id, thread_id);

-- line: 1153
CREATE INDEX current_state_events_member_index ON current_state_events USING btree (state_key) WHERE (type = 'm.room.member'::text);

-- line: 1164
CREATE INDEX device_lists_changes_in_stream_id_unconverted ON device_lists_changes_in_room USING btree (stream_id) WHERE (NOT converted_to_destinations);

-- line: 1190
CREATE INDEX event_contains_url_index ON events USING btree (room_id, topological_ordering, stream_ordering) WHERE ((contains_url = true) AND (outlier = false));

-- line: 1194
CREATE INDEX event_push_actions_highlights_index ON event_push_actions USING btree (user_id, room_id, topological_ordering, stream_ordering) WHERE (highlight = 1);

-- line: 1250
CREATE UNIQUE INDEX receipts_graph_unique_index ON receipts_graph USING btree (room_id, receipt_type, user_id) WHERE (thread_id IS NULL);

-- line: 1334
CREATE VIEW line_1334 AS
SELECT pg_catalog.setval('account_data_sequence', 1, true);

-- source: graphile-worker 0.17.3 sql/000001.sql
CREATE SCHEMA of_worker; SET LOCAL search_path = of_worker;

-- line: 3
create table job_queues (
  queue_name text not null primary key,
  job_count int not null,
  locked_at timestamptz,
  locked_by text
);

-- line: 11
create table jobs (
  id bigserial primary key,
  queue_name text not null,
  task_identifier text not null,
  payload json default '{}'::json not null,
  priority int default 0 not null,
  run_at timestamptz default now() not null,
  attempts int default 0 not null,
  max_attempts int default 25 not null,
  last_error text,
  created_at timestamp with time zone not null default now(),
  updated_at timestamp with time zone not null default now()
);

-- line: 38
create function jobs__decrease_job_queue_count() returns trigger as $$
declare
  v_new_job_count int;
begin
  update job_queues
    set job_count = job_queues.job_count - 1
    where queue_name = old.queue_name
    returning job_count into v_new_job_count;
  if v_new_job_count <= 0 then
    delete from job_queues where queue_name = old.queue_name and job_count <= 0;
  end if;
  return old;
end;
$$ language plpgsql;

-- line: 54
create function jobs__increase_job_queue_count() returns trigger as $$
begin
  insert into job_queues(queue_name, job_count)
    values(new.queue_name, 1)
    on conflict (queue_name)
    do update
    set job_count = job_queues.job_count + 1;
  return new;
end;
$$ language plpgsql;

-- line: 80
create function add_job(
  identifier text,
  payload json = '{}',
  queue_name text = null,
  run_at timestamptz = now(),
  max_attempts int = 25
) returns jobs as $$
  insert into jobs(task_identifier, payload, queue_name, run_at, max_attempts) values(identifier, payload, queue_name, run_at, max_attempts) returning *;
$$ language sql;

-- line: 91
create function get_job(worker_id text, task_identifiers text[] = null, job_expiry interval = interval '4 hours') returns jobs as $$
declare
  v_job_id bigint;
  v_queue_name text;
  v_default_job_max_attempts text = '25';
  v_row jobs;
begin
  if worker_id is null or length(worker_id) < 10 then
    raise exception 'invalid worker id';
  end if;
  select job_queues.queue_name, jobs.id into v_queue_name, v_job_id
    from jobs
    inner join job_queues using (queue_name)
    where (locked_at is null or locked_at < (now() - job_expiry))
    and run_at <= now()
    and attempts < max_attempts
    and (task_identifiers is null or task_identifier = any(task_identifiers))
    order by priority asc, run_at asc, id asc
    limit 1
    for update of job_queues
    skip locked;
  if v_queue_name is null then
    return null;
  end if;
  update job_queues
    set
      locked_by = worker_id,
      locked_at = now()
    where job_queues.queue_name = v_queue_name;
  update jobs
    set attempts = attempts + 1
    where id = v_job_id
    returning * into v_row;
  return v_row;
end;
$$ language plpgsql;

-- source: graphile-worker 0.17.3 sql/000002.sql

-- line: 1
alter table jobs add column key text unique check(length(key) > 0);

-- line: 3
alter table jobs add locked_at timestamptz;

-- line: 4
alter table jobs add locked_by text;

-- line: 7, from: 14
CREATE PROCEDURE line_7() LANGUAGE sql BEGIN ATOMIC
update jobs
  set locked_at = q.locked_at, locked_by = q.locked_by
  from job_queues q
  where q.queue_name = jobs.queue_name
  and q.locked_at is not null;
END;

-- line: 21
create function add_job(
  identifier text,
  payload json = '{}',
  queue_name text = null,
  run_at timestamptz = now(),
  max_attempts int = 25,
  job_key text = null
) returns jobs as $$
declare
  v_job jobs;
begin
  if job_key is not null then
    -- Upsert job
    insert into jobs (task_identifier, payload, queue_name, run_at, max_attempts, key)
      values(
        identifier,
        payload,
        queue_name,
        run_at,
        max_attempts,
        job_key
      )
      on conflict (key) do update set
        -- update all job details other than queue_name, which we want to keep
        -- the same unless explicitly provided
        task_identifier=excluded.task_identifier,
        payload=excluded.payload,
        queue_name=coalesce(add_job.queue_name, jobs.queue_name),
        max_attempts=excluded.max_attempts,
        run_at=excluded.run_at,
        -- always reset error/retry state
        attempts=0,
        last_error=null
      where jobs.locked_at is null
      returning *
      into v_job;
    -- If upsert succeeded (insert or update), return early
    if not (v_job is null) then
      return v_job;
    end if;
    -- Upsert failed -> there must be an existing job that is locked. Remove
    -- existing key to allow a new one to be inserted, and prevent any
    -- subsequent retries by bumping attempts to the max allowed.
    update jobs
      set
        key = null,
        attempts = jobs.max_attempts
      where key = job_key;
  end if;
  -- insert the new job. Assume no conflicts due to the update above
  insert into jobs(task_identifier, payload, queue_name, run_at, max_attempts, key)
    values(
      identifier,
      payload,
      queue_name,
      run_at,
      max_attempts,
      job_key
    )
    returning *
    into v_job;
  return v_job;
end;
$$ language plpgsql volatile;

-- line: 104
CREATE function get_job_2(worker_id text, task_identifiers text[] = null, job_expiry interval = interval '4 hours') returns jobs as $$
declare
  v_job_id bigint;
  v_queue_name text;
  v_row jobs;
  v_now timestamptz = now();
begin
  if worker_id is null or length(worker_id) < 10 then
    raise exception 'invalid worker id';
  end if;
  select job_queues.queue_name, jobs.id into v_queue_name, v_job_id
    from jobs
    inner join job_queues using (queue_name)
    where (job_queues.locked_at is null or job_queues.locked_at < (v_now - job_expiry))
    and run_at <= v_now
    and attempts < max_attempts
    and (task_identifiers is null or task_identifier = any(task_identifiers))
    order by priority asc, run_at asc, id asc
    limit 1
    for update of job_queues
    skip locked;
  if v_queue_name is null then
    return null;
  end if;
  update job_queues
    set
      locked_by = worker_id,
      locked_at = v_now
    where job_queues.queue_name = v_queue_name;
  update jobs
    set
      attempts = attempts + 1,
      locked_by = worker_id,
      locked_at = v_now
    where id = v_job_id
    returning * into v_row;
  return v_row;
end;
$$ language plpgsql volatile;

-- source: graphile-worker 0.17.3 sql/000003.sql

-- line: 4
CREATE function add_job_2(
  identifier text,
  payload json = '{}',
  queue_name text = null,
  run_at timestamptz = now(),
  max_attempts int = 25,
  job_key text = null
) returns jobs as $$
declare
  v_job jobs;
begin
  if job_key is not null then
    -- Upsert job
    insert into jobs (task_identifier, payload, queue_name, run_at, max_attempts, key)
      values(
        identifier,
        payload,
        queue_name,
        run_at,
        max_attempts,
        job_key
      )
      on conflict (key) do update set
        task_identifier=excluded.task_identifier,
        payload=excluded.payload,
        queue_name=excluded.queue_name,
        max_attempts=excluded.max_attempts,
        run_at=excluded.run_at,
        -- always reset error/retry state
        attempts=0,
        last_error=null
      where jobs.locked_at is null
      returning *
      into v_job;
    -- If upsert succeeded (insert or update), return early
    if not (v_job is null) then
      return v_job;
    end if;
    -- Upsert failed -> there must be an existing job that is locked. Remove
    -- existing key to allow a new one to be inserted, and prevent any
    -- subsequent retries by bumping attempts to the max allowed.
    update jobs
      set
        key = null,
        attempts = jobs.max_attempts
      where key = job_key;
  end if;
  -- insert the new job. Assume no conflicts due to the update above
  insert into jobs(task_identifier, payload, queue_name, run_at, max_attempts, key)
    values(
      identifier,
      payload,
      queue_name,
      run_at,
      max_attempts,
      job_key
    )
    returning *
    into v_job;
  return v_job;
end;
$$ language plpgsql volatile;

-- line: 72
CREATE function get_job_3(worker_id text, task_identifiers text[] = null, job_expiry interval = interval '4 hours') returns jobs as $$
declare
  v_job_id bigint;
  v_queue_name text;
  v_row jobs;
  v_now timestamptz = now();
begin
  if worker_id is null or length(worker_id) < 10 then
    raise exception 'invalid worker id';
  end if;
  select jobs.queue_name, jobs.id into v_queue_name, v_job_id
    from jobs
    where (jobs.locked_at is null or jobs.locked_at < (v_now - job_expiry))
    and (
      jobs.queue_name is null
    or
      exists (
        select 1
        from job_queues
        where job_queues.queue_name = jobs.queue_name
        and (job_queues.locked_at is null or job_queues.locked_at < (v_now - job_expiry))
        for update
        skip locked
      )
    )
    and run_at <= v_now
    and attempts < max_attempts
    and (task_identifiers is null or task_identifier = any(task_identifiers))
    order by priority asc, run_at asc, id asc
    limit 1
    for update
    skip locked;
  if v_job_id is null then
    return null;
  end if;
  if v_queue_name is not null then
    update job_queues
      set
        locked_by = worker_id,
        locked_at = v_now
      where job_queues.queue_name = v_queue_name;
  end if;
  update jobs
    set
      attempts = attempts + 1,
      locked_by = worker_id,
      locked_at = v_now
    where id = v_job_id
    returning * into v_row;
  return v_row;
end;
$$ language plpgsql volatile;

-- line: 175
create trigger _500_increase_job_queue_count_2 after insert on jobs for each row when (NEW.queue_name is not null) execute procedure jobs__increase_job_queue_count();

-- line: 176
create trigger _500_decrease_job_queue_count_2 after delete on jobs for each row when (OLD.queue_name is not null) execute procedure jobs__decrease_job_queue_count();

-- line: 177
create trigger _500_increase_job_queue_count_update_2 after update of queue_name on jobs for each row when (NEW.queue_name is distinct from OLD.queue_name AND NEW.queue_name is not null) execute procedure jobs__increase_job_queue_count();

-- line: 178
create trigger _500_decrease_job_queue_count_update_2 after update of queue_name on jobs for each row when (NEW.queue_name is distinct from OLD.queue_name AND OLD.queue_name is not null) execute procedure jobs__decrease_job_queue_count();

-- source: graphile-worker 0.17.3 sql/000004.sql

-- line: 3
create function add_job_2(
  identifier text,
  payload json = null,
  queue_name text = null,
  run_at timestamptz = null,
  max_attempts int = null,
  job_key text = null,
  priority int = null
) returns jobs as $$
declare
  v_job jobs;
begin
  -- Apply rationality checks
  if length(identifier) > 128 then
    raise exception 'Task identifier is too long (max length: 128).' using errcode = 'GWBID';
  end if;
  if queue_name is not null and length(queue_name) > 128 then
    raise exception 'Job queue name is too long (max length: 128).' using errcode = 'GWBQN';
  end if;
  if job_key is not null and length(job_key) > 512 then
    raise exception 'Job key is too long (max length: 512).' using errcode = 'GWBJK';
  end if;
  if max_attempts < 1 then
    raise exception 'Job maximum attempts must be at least 1' using errcode = 'GWBMA';
  end if;
  if job_key is not null then
    -- Upsert job
    insert into jobs (
      task_identifier,
      payload,
      queue_name,
      run_at,
      max_attempts,
      key,
      priority
    )
      values(
        identifier,
        coalesce(payload, '{}'::json),
        queue_name,
        coalesce(run_at, now()),
        coalesce(max_attempts, 25),
        job_key,
        coalesce(priority, 0)
      )
      on conflict (key) do update set
        task_identifier=excluded.task_identifier,
        payload=excluded.payload,
        queue_name=excluded.queue_name,
        max_attempts=excluded.max_attempts,
        run_at=excluded.run_at,
        priority=excluded.priority,
        -- always reset error/retry state
        attempts=0,
        last_error=null
      where jobs.locked_at is null
      returning *
      into v_job;
    -- If upsert succeeded (insert or update), return early
    if not (v_job is null) then
      return v_job;
    end if;
    -- Upsert failed -> there must be an existing job that is locked. Remove
    -- existing key to allow a new one to be inserted, and prevent any
    -- subsequent retries by bumping attempts to the max allowed.
    update jobs
      set
        key = null,
        attempts = jobs.max_attempts
      where key = job_key;
  end if;
  -- insert the new job. Assume no conflicts due to the update above
  insert into jobs(
    task_identifier,
    payload,
    queue_name,
    run_at,
    max_attempts,
    key,
    priority
  )
    values(
      identifier,
      coalesce(payload, '{}'::json),
      queue_name,
      coalesce(run_at, now()),
      coalesce(max_attempts, 25),
      job_key,
      coalesce(priority, 0)
    )
    returning *
    into v_job;
  return v_job;
end;
$$ language plpgsql volatile;

-- line: 118
create function permanently_fail_jobs(
  job_ids bigint[],
  error_message text = null
) returns setof jobs as $$
  update jobs
    set
      last_error = coalesce(error_message, 'Manually marked as failed'),
      attempts = max_attempts
    where id = any(job_ids)
    and (
      locked_by is null
    or
      locked_at < NOW() - interval '4 hours'
    )
    returning *;
$$ language sql volatile;

-- line: 135
create function reschedule_jobs(
  job_ids bigint[],
  run_at timestamptz = null,
  priority int = null,
  attempts int = null,
  max_attempts int = null
) returns setof jobs as $$
  update jobs
    set
      run_at = coalesce(reschedule_jobs.run_at, jobs.run_at),
      priority = coalesce(reschedule_jobs.priority, jobs.priority),
      attempts = coalesce(reschedule_jobs.attempts, jobs.attempts),
      max_attempts = coalesce(reschedule_jobs.max_attempts, jobs.max_attempts)
    where id = any(job_ids)
    and (
      locked_by is null
    or
      locked_at < NOW() - interval '4 hours'
    )
    returning *;
$$ language sql volatile;

-- source: graphile-worker 0.17.3 sql/000005.sql

-- line: 1
alter table jobs add column revision int default 0 not null;

-- line: 2
alter table jobs add column flags jsonb default null;

-- line: 5
create function add_job_2(
  identifier text,
  payload json = null,
  queue_name text = null,
  run_at timestamptz = null,
  max_attempts int = null,
  job_key text = null,
  priority int = null,
  flags text[] = null
) returns jobs as $$
declare
  v_job jobs;
begin
  -- Apply rationality checks
  if length(identifier) > 128 then
    raise exception 'Task identifier is too long (max length: 128).' using errcode = 'GWBID';
  end if;
  if queue_name is not null and length(queue_name) > 128 then
    raise exception 'Job queue name is too long (max length: 128).' using errcode = 'GWBQN';
  end if;
  if job_key is not null and length(job_key) > 512 then
    raise exception 'Job key is too long (max length: 512).' using errcode = 'GWBJK';
  end if;
  if max_attempts < 1 then
    raise exception 'Job maximum attempts must be at least 1' using errcode = 'GWBMA';
  end if;
  if job_key is not null then
    -- Upsert job
    insert into jobs (
      task_identifier,
      payload,
      queue_name,
      run_at,
      max_attempts,
      key,
      priority,
      flags
    )
      values(
        identifier,
        coalesce(payload, '{}'::json),
        queue_name,
        coalesce(run_at, now()),
        coalesce(max_attempts, 25),
        job_key,
        coalesce(priority, 0),
        (
          select jsonb_object_agg(flag, true)
          from unnest(flags) as item(flag)
        )
      )
      on conflict (key) do update set
        task_identifier=excluded.task_identifier,
        payload=excluded.payload,
        queue_name=excluded.queue_name,
        max_attempts=excluded.max_attempts,
        run_at=excluded.run_at,
        priority=excluded.priority,
        revision=jobs.revision + 1,
        flags=excluded.flags,
        -- always reset error/retry state
        attempts=0,
        last_error=null
      where jobs.locked_at is null
      returning *
      into v_job;
    -- If upsert succeeded (insert or update), return early
    if not (v_job is null) then
      return v_job;
    end if;
    -- Upsert failed -> there must be an existing job that is locked. Remove
    -- existing key to allow a new one to be inserted, and prevent any
    -- subsequent retries by bumping attempts to the max allowed.
    update jobs
      set
        key = null,
        attempts = jobs.max_attempts
      where key = job_key;
  end if;
  -- insert the new job. Assume no conflicts due to the update above
  insert into jobs(
    task_identifier,
    payload,
    queue_name,
    run_at,
    max_attempts,
    key,
    priority,
    flags
  )
    values(
      identifier,
      coalesce(payload, '{}'::json),
      queue_name,
      coalesce(run_at, now()),
      coalesce(max_attempts, 25),
      job_key,
      coalesce(priority, 0),
      (
        select jsonb_object_agg(flag, true)
        from unnest(flags) as item(flag)
      )
    )
    returning *
    into v_job;
  return v_job;
end;
$$ language plpgsql volatile;

-- line: 121
create function get_job_3(
  worker_id text,
  task_identifiers text[] = null,
  job_expiry interval = interval '4 hours',
  forbidden_flags text[] = null
) returns jobs as $$
declare
  v_job_id bigint;
  v_queue_name text;
  v_row jobs;
  v_now timestamptz = now();
begin
  if worker_id is null or length(worker_id) < 10 then
    raise exception 'invalid worker id';
  end if;
  select jobs.queue_name, jobs.id into v_queue_name, v_job_id
    from jobs
    where (jobs.locked_at is null or jobs.locked_at < (v_now - job_expiry))
    and (
      jobs.queue_name is null
    or
      exists (
        select 1
        from job_queues
        where job_queues.queue_name = jobs.queue_name
        and (job_queues.locked_at is null or job_queues.locked_at < (v_now - job_expiry))
        for update
        skip locked
      )
    )
    and run_at <= v_now
    and attempts < max_attempts
    and (task_identifiers is null or task_identifier = any(task_identifiers))
    and (forbidden_flags is null or (flags ?| forbidden_flags) is not true)
    order by priority asc, run_at asc, id asc
    limit 1
    for update
    skip locked;
  if v_job_id is null then
    return null;
  end if;
  if v_queue_name is not null then
    update job_queues
      set
        locked_by = worker_id,
        locked_at = v_now
      where job_queues.queue_name = v_queue_name;
  end if;
  update jobs
    set
      attempts = attempts + 1,
      locked_by = worker_id,
      locked_at = v_now
    where id = v_job_id
    returning * into v_row;
  return v_row;
end;
$$ language plpgsql volatile;

-- source: graphile-worker 0.17.3 sql/000006.sql

-- line: 1
create index jobs_priority_run_at_id_locked_at_without_failures_idx
  on jobs (priority, run_at, id, locked_at)
  where attempts < max_attempts;

-- source: graphile-worker 0.17.3 sql/000009.sql

-- line: 2
create function get_job_3(
  worker_id text,
  task_identifiers text[] = null,
  job_expiry interval = interval '4 hours',
  forbidden_flags text[] = null,
  now timestamptz = now()
) returns jobs as $$
declare
  v_job_id bigint;
  v_queue_name text;
  v_row jobs;
begin
  if worker_id is null or length(worker_id) < 10 then
    raise exception 'invalid worker id';
  end if;
  select jobs.queue_name, jobs.id into v_queue_name, v_job_id
    from jobs
    where (jobs.locked_at is null or jobs.locked_at < (now - job_expiry))
    and (
      jobs.queue_name is null
    or
      exists (
        select 1
        from job_queues
        where job_queues.queue_name = jobs.queue_name
        and (job_queues.locked_at is null or job_queues.locked_at < (now - job_expiry))
        for update
        skip locked
      )
    )
    and run_at <= now
    and attempts < max_attempts
    and (task_identifiers is null or task_identifier = any(task_identifiers))
    and (forbidden_flags is null or (flags ?| forbidden_flags) is not true)
    order by priority asc, run_at asc, id asc
    limit 1
    for update
    skip locked;
  if v_job_id is null then
    return null;
  end if;
  if v_queue_name is not null then
    update job_queues
      set
        locked_by = worker_id,
        locked_at = now
      where job_queues.queue_name = v_queue_name;
  end if;
  update jobs
    set
      attempts = attempts + 1,
      locked_by = worker_id,
      locked_at = now
    where id = v_job_id
    returning * into v_row;
  return v_row;
end;
$$ language plpgsql volatile;

-- source: graphile-worker 0.17.3 sql/000011.sql

-- line: 6
CREATE VIEW line_6 AS
select 1/(case when exists (
  select 1
  from jobs
  where locked_at is not null
  and locked_at > NOW() - interval '4 hours'
) then 0 else 1 end);

-- line: 13
alter table jobs
alter column attempts type int2,
alter column max_attempts type int2,
alter column priority type int2;

-- line: 32
alter table jobs rename to jobs_legacy;

-- line: 33
alter table job_queues rename to job_queues_legacy;

-- line: 35
create table job_queues (
  id int primary key generated always as identity,
  queue_name text not null unique check (length(queue_name) <= 128),
  locked_at timestamptz,
  locked_by text,
  is_available boolean generated always as ((locked_at is null)) stored not null
);

-- line: 44
create table tasks (
  id int primary key generated always as identity,
  identifier text not null unique check (length(identifier) <= 128)
);

-- line: 50
create table jobs (
  id bigint primary key generated always as identity,
  job_queue_id int null,
  task_id int not null,
  payload json default '{}'::json not null,
  priority smallint default 0 not null,
  run_at timestamptz default now() not null,
  attempts smallint default 0 not null,
  max_attempts smallint default 25 not null constraint jobs_max_attempts_check check (max_attempts >= 1),
  last_error text,
  created_at timestamptz default now() not null,
  updated_at timestamptz default now() not null,
  key text unique constraint jobs_key_check check (length(key) > 0 and length(key) <= 512),
  locked_at timestamptz,
  locked_by text,
  revision integer default 0 not null,
  flags jsonb,
  is_available boolean generated always as (((locked_at is null) and (attempts < max_attempts))) stored not null
);

-- line: 71
create index jobs_main_index
  on jobs
  using btree (priority, run_at)
  include (id, task_id, job_queue_id)
  where (is_available = true);

-- line: 77
create index jobs_no_queue_index
  on jobs
  using btree (priority, run_at)
  include (id, task_id)
  where (is_available = true and job_queue_id is null);

-- line: 83
create type job_spec as (
  identifier text,
  payload json,
  queue_name text,
  run_at timestamptz,
  max_attempts integer,
  job_key text,
  priority integer,
  flags text[]
);

-- line: 94
create function add_jobs(
  specs job_spec[],
  job_key_preserve_run_at boolean default false
)
returns setof jobs
as $$
begin
  -- Ensure all the tasks exist
  insert into tasks (identifier)
  select distinct spec.identifier
  from unnest(specs) spec
  on conflict do nothing;
  -- Ensure all the queues exist
  insert into job_queues (queue_name)
  select distinct spec.queue_name
  from unnest(specs) spec
  where spec.queue_name is not null
  on conflict do nothing;
  -- Ensure any locked jobs have their key cleared - in the case of locked
  -- existing job create a new job instead as it must have already started
  -- executing (i.e. it's world state is out of date, and the fact add_job_2
  -- has been called again implies there's new information that needs to be
  -- acted upon).
  update jobs
  set
    key = null,
    attempts = jobs.max_attempts,
    updated_at = now()
  from unnest(specs) spec
  where spec.job_key is not null
  and jobs.key = spec.job_key
  and is_available is not true;
  -- TODO: is there a risk that a conflict could occur depending on the
  -- isolation level?
  return query insert into jobs (
    job_queue_id,
    task_id,
    payload,
    run_at,
    max_attempts,
    key,
    priority,
    flags
  )
    select
      job_queues.id,
      tasks.id,
      coalesce(spec.payload, '{}'::json),
      coalesce(spec.run_at, now()),
      coalesce(spec.max_attempts, 25),
      spec.job_key,
      coalesce(spec.priority, 0),
      (
        select jsonb_object_agg(flag, true)
        from unnest(spec.flags) as item(flag)
      )
    from unnest(specs) spec
    inner join tasks
    on tasks.identifier = spec.identifier
    left join job_queues
    on job_queues.queue_name = spec.queue_name
  on conflict (key) do update set
    job_queue_id = excluded.job_queue_id,
    task_id = excluded.task_id,
    payload = excluded.payload,
    max_attempts = excluded.max_attempts,
    run_at = (case
      when job_key_preserve_run_at is true and jobs.attempts = 0 then jobs.run_at
      else excluded.run_at
    end),
    priority = excluded.priority,
    revision = jobs.revision + 1,
    flags = excluded.flags,
    -- always reset error/retry state
    attempts = 0,
    last_error = null,
    updated_at = now()
  where jobs.locked_at is null
  returning *;
end;
$$ language plpgsql;

-- line: 193
create function permanently_fail_jobs_2(
  job_ids bigint[],
  error_message text default null::text
)
returns setof jobs
as $$
  update jobs
    set
      last_error = coalesce(error_message, 'Manually marked as failed'),
      attempts = max_attempts,
      updated_at = now()
    where id = any(job_ids)
    and (
      locked_at is null
    or
      locked_at < NOW() - interval '4 hours'
    )
    returning *;
$$ language sql;

-- line: 243
create function reschedule_jobs_2(
  job_ids bigint[],
  run_at timestamp with time zone default null::timestamp with time zone,
  priority integer default null::integer,
  attempts integer default null::integer,
  max_attempts integer default null::integer
) returns setof jobs
as $$
  update jobs
    set
      run_at = coalesce(reschedule_jobs_2.run_at, jobs.run_at),
      priority = coalesce(reschedule_jobs_2.priority, jobs.priority),
      attempts = coalesce(reschedule_jobs_2.attempts, jobs.attempts),
      max_attempts = coalesce(reschedule_jobs_2.max_attempts, jobs.max_attempts),
      updated_at = now()
    where id = any(job_ids)
    and (
      locked_at is null
    or
      locked_at < NOW() - interval '4 hours'
    )
    returning *;
$$ language sql;

-- line: 279
create function add_job_2(
  identifier text,
  payload json default null::json,
  queue_name text default null::text,
  run_at timestamp with time zone default null::timestamp with time zone,
  max_attempts integer default null::integer,
  job_key text default null::text,
  priority integer default null::integer,
  flags text[] default null::text[],
  job_key_mode text default 'replace'::text
) returns jobs as $$
declare
  v_job jobs;
begin
  if (job_key is null or job_key_mode is null or job_key_mode in ('replace', 'preserve_run_at')) then
    select * into v_job
    from add_jobs(
      ARRAY[(
        identifier,
        payload,
        queue_name,
        run_at,
        max_attempts,
        job_key,
        priority,
        flags
      )::job_spec],
      (job_key_mode = 'preserve_run_at')
    )
    limit 1;
    return v_job;
  elsif job_key_mode = 'unsafe_dedupe' then
    -- Ensure all the tasks exist
    insert into tasks (identifier)
    values (add_job_2.identifier)
    on conflict do nothing;
    -- Ensure all the queues exist
    if add_job_2.queue_name is not null then
      insert into job_queues (queue_name)
      values (add_job_2.queue_name)
      on conflict do nothing;
    end if;
    -- Insert job, but if one already exists then do nothing, even if the
    -- existing job has already started (and thus represents an out-of-date
    -- world state). This is dangerous because it means that whatever state
    -- change triggered this add_job_2 may not be acted upon (since it happened
    -- after the existing job started executing, but no further job is being
    -- scheduled), but it is useful in very rare circumstances for
    -- de-duplication. If in doubt, DO NOT USE THIS.
    insert into jobs (
      job_queue_id,
      task_id,
      payload,
      run_at,
      max_attempts,
      key,
      priority,
      flags
    )
      select
        job_queues.id,
        tasks.id,
        coalesce(add_job_2.payload, '{}'::json),
        coalesce(add_job_2.run_at, now()),
        coalesce(add_job_2.max_attempts, 25),
        add_job_2.job_key,
        coalesce(add_job_2.priority, 0),
        (
          select jsonb_object_agg(flag, true)
          from unnest(add_job_2.flags) as item(flag)
        )
      from tasks
      left join job_queues
      on job_queues.queue_name = add_job_2.queue_name
      where tasks.identifier = add_job_2.identifier
    on conflict (key)
      -- Bump the updated_at so that there's something to return
      do update set
        revision = jobs.revision + 1,
        updated_at = now()
      returning *
      into v_job;
    return v_job;
  else
    raise exception 'Invalid job_key_mode value, expected ''replace'', ''preserve_run_at'' or ''unsafe_dedupe''.' using errcode = 'GWBKM';
  end if;
end;
$$ language plpgsql;

-- line: 371, from: 14
CREATE PROCEDURE line_371() LANGUAGE sql BEGIN ATOMIC
insert into job_queues (queue_name)
select distinct queue_name
from jobs_legacy
where queue_name is not null
on conflict do nothing;
END;

-- line: 377, from: 14
CREATE PROCEDURE line_377() LANGUAGE sql BEGIN ATOMIC
insert into tasks (identifier)
select distinct task_identifier
from jobs_legacy
on conflict do nothing;
END;

-- line: 382, from: 14
CREATE PROCEDURE line_382() LANGUAGE sql BEGIN ATOMIC
insert into jobs (
  job_queue_id,
  task_id,
  payload,
  priority,
  run_at,
  attempts,
  max_attempts,
  last_error,
  created_at,
  updated_at,
  key,
  revision,
  flags
)
  select
    job_queues.id,
    tasks.id,
    legacy.payload,
    legacy.priority,
    legacy.run_at,
    legacy.attempts,
    legacy.max_attempts,
    legacy.last_error,
    legacy.created_at,
    legacy.updated_at,
    legacy.key,
    legacy.revision,
    legacy.flags
  from jobs_legacy legacy
  inner join tasks
  on tasks.identifier = legacy.task_identifier
  left join job_queues
  on job_queues.queue_name = legacy.queue_name;
END;

-- source: graphile-worker 0.17.3 sql/000012.sql

-- line: 1
CREATE function add_jobs_2(
  specs job_spec[],
  job_key_preserve_run_at boolean default false
)
returns setof jobs
as $$
begin
  -- Ensure all the tasks exist
  insert into tasks (identifier)
  select distinct spec.identifier
  from unnest(specs) spec
  on conflict do nothing;
  -- Ensure all the queues exist
  insert into job_queues (queue_name)
  select distinct spec.queue_name
  from unnest(specs) spec
  where spec.queue_name is not null
  on conflict do nothing;
  -- Ensure any locked jobs have their key cleared - in the case of locked
  -- existing job create a new job instead as it must have already started
  -- executing (i.e. it's world state is out of date, and the fact add_job_2
  -- has been called again implies there's new information that needs to be
  -- acted upon).
  update jobs
  set
    key = null,
    attempts = jobs.max_attempts,
    updated_at = now()
  from unnest(specs) spec
  where spec.job_key is not null
  and jobs.key = spec.job_key
  and is_available is not true;
  -- TODO: is there a risk that a conflict could occur depending on the
  -- isolation level?
  return query insert into jobs (
    job_queue_id,
    task_id,
    payload,
    run_at,
    max_attempts,
    key,
    priority,
    flags
  )
    select
      job_queues.id,
      tasks.id,
      coalesce(spec.payload, '{}'::json),
      coalesce(spec.run_at, now()),
      coalesce(spec.max_attempts, 25),
      spec.job_key,
      coalesce(spec.priority, 0),
      (
        select jsonb_object_agg(flag, true)
        from unnest(spec.flags) as item(flag)
      )
    from unnest(specs) spec
    inner join tasks
    on tasks.identifier = spec.identifier
    left join job_queues
    on job_queues.queue_name = spec.queue_name
  on conflict (key) do update set
    job_queue_id = excluded.job_queue_id,
    task_id = excluded.task_id,
    payload =
      case
      when json_typeof(jobs.payload) = 'array' and json_typeof(excluded.payload) = 'array' then
        (jobs.payload::jsonb || excluded.payload::jsonb)::json
      else
        excluded.payload
      end,
    max_attempts = excluded.max_attempts,
    run_at = (case
      when job_key_preserve_run_at is true and jobs.attempts = 0 then jobs.run_at
      else excluded.run_at
    end),
    priority = excluded.priority,
    revision = jobs.revision + 1,
    flags = excluded.flags,
    -- always reset error/retry state
    attempts = 0,
    last_error = null,
    updated_at = now()
  where jobs.locked_at is null
  returning *;
end;
$$ language plpgsql;

-- source: graphile-worker 0.17.3 sql/000013.sql

-- line: 2
alter type job_spec alter attribute max_attempts type smallint;

-- line: 3
alter type job_spec alter attribute priority type smallint;

-- line: 6
CREATE FUNCTION add_job_2(identifier text, payload json DEFAULT NULL::json, queue_name text DEFAULT NULL::text, run_at timestamp with time zone DEFAULT NULL::timestamp with time zone, max_attempts smallint DEFAULT NULL::smallint, job_key text DEFAULT NULL::text, priority smallint DEFAULT NULL::smallint, flags text[] DEFAULT NULL::text[], job_key_mode text DEFAULT 'replace'::text) RETURNS jobs
    LANGUAGE plpgsql
    AS $$
declare
  v_job jobs;
begin
  if (job_key is null or job_key_mode is null or job_key_mode in ('replace', 'preserve_run_at')) then
    select * into v_job
    from add_jobs_2(
      ARRAY[(
        identifier,
        payload,
        queue_name,
        run_at,
        max_attempts,
        job_key,
        priority,
        flags
      )::job_spec],
      (job_key_mode = 'preserve_run_at')
    )
    limit 1;
    return v_job;
  elsif job_key_mode = 'unsafe_dedupe' then
    -- Ensure all the tasks exist
    insert into tasks (identifier)
    values (add_job_2.identifier)
    on conflict do nothing;
    -- Ensure all the queues exist
    if add_job_2.queue_name is not null then
      insert into job_queues (queue_name)
      values (add_job_2.queue_name)
      on conflict do nothing;
    end if;
    -- Insert job, but if one already exists then do nothing, even if the
    -- existing job has already started (and thus represents an out-of-date
    -- world state). This is dangerous because it means that whatever state
    -- change triggered this add_job_2 may not be acted upon (since it happened
    -- after the existing job started executing, but no further job is being
    -- scheduled), but it is useful in very rare circumstances for
    -- de-duplication. If in doubt, DO NOT USE THIS.
    insert into jobs (
      job_queue_id,
      task_id,
      payload,
      run_at,
      max_attempts,
      key,
      priority,
      flags
    )
      select
        job_queues.id,
        tasks.id,
        coalesce(add_job_2.payload, '{}'::json),
        coalesce(add_job_2.run_at, now()),
        coalesce(add_job_2.max_attempts, 25),
        add_job_2.job_key,
        coalesce(add_job_2.priority, 0),
        (
          select jsonb_object_agg(flag, true)
          from unnest(add_job_2.flags) as item(flag)
        )
      from tasks
      left join job_queues
      on job_queues.queue_name = add_job_2.queue_name
      where tasks.identifier = add_job_2.identifier
    on conflict (key)
      -- Bump the updated_at so that there's something to return
      do update set
        revision = jobs.revision + 1,
        updated_at = now()
      returning *
      into v_job;
    return v_job;
  else
    raise exception 'Invalid job_key_mode value, expected ''replace'', ''preserve_run_at'' or ''unsafe_dedupe''.' using errcode = 'GWBKM';
  end if;
end;
$$;

-- line: 88
CREATE FUNCTION reschedule_jobs_2(job_ids bigint[], run_at timestamp with time zone DEFAULT NULL::timestamp with time zone, priority smallint DEFAULT NULL::smallint, attempts smallint DEFAULT NULL::smallint, max_attempts smallint DEFAULT NULL::smallint) RETURNS SETOF jobs
    LANGUAGE sql
    AS $$
  update jobs
    set
      run_at = coalesce(reschedule_jobs_2.run_at, jobs.run_at),
      priority = coalesce(reschedule_jobs_2.priority, jobs.priority),
      attempts = coalesce(reschedule_jobs_2.attempts, jobs.attempts),
      max_attempts = coalesce(reschedule_jobs_2.max_attempts, jobs.max_attempts),
      updated_at = now()
    where id = any(job_ids)
    and (
      locked_at is null
    or
      locked_at < NOW() - interval '4 hours'
    )
    returning *;
$$;

-- source: graphile-worker 0.17.3 sql/000014.sql

-- line: 5
CREATE FUNCTION add_job_3(identifier text, payload json DEFAULT NULL::json, queue_name text DEFAULT NULL::text, run_at timestamp with time zone DEFAULT NULL::timestamp with time zone, max_attempts int DEFAULT NULL::int, job_key text DEFAULT NULL::text, priority int DEFAULT NULL::int, flags text[] DEFAULT NULL::text[], job_key_mode text DEFAULT 'replace'::text) RETURNS jobs
    LANGUAGE plpgsql
    AS $$
declare
  v_job jobs;
begin
  if (job_key is null or job_key_mode is null or job_key_mode in ('replace', 'preserve_run_at')) then
    select * into v_job
    from add_jobs_2(
      ARRAY[(
        identifier,
        payload,
        queue_name,
        run_at,
        max_attempts::smallint,
        job_key,
        priority::smallint,
        flags
      )::job_spec],
      (job_key_mode = 'preserve_run_at')
    )
    limit 1;
    return v_job;
  elsif job_key_mode = 'unsafe_dedupe' then
    -- Ensure all the tasks exist
    insert into tasks (identifier)
    values (add_job_3.identifier)
    on conflict do nothing;
    -- Ensure all the queues exist
    if add_job_3.queue_name is not null then
      insert into job_queues (queue_name)
      values (add_job_3.queue_name)
      on conflict do nothing;
    end if;
    -- Insert job, but if one already exists then do nothing, even if the
    -- existing job has already started (and thus represents an out-of-date
    -- world state). This is dangerous because it means that whatever state
    -- change triggered this add_job_3 may not be acted upon (since it happened
    -- after the existing job started executing, but no further job is being
    -- scheduled), but it is useful in very rare circumstances for
    -- de-duplication. If in doubt, DO NOT USE THIS.
    insert into jobs (
      job_queue_id,
      task_id,
      payload,
      run_at,
      max_attempts,
      key,
      priority,
      flags
    )
      select
        job_queues.id,
        tasks.id,
        coalesce(add_job_3.payload, '{}'::json),
        coalesce(add_job_3.run_at, now()),
        coalesce(add_job_3.max_attempts::smallint, 25::smallint),
        add_job_3.job_key,
        coalesce(add_job_3.priority::smallint, 0::smallint),
        (
          select jsonb_object_agg(flag, true)
          from unnest(add_job_3.flags) as item(flag)
        )
      from tasks
      left join job_queues
      on job_queues.queue_name = add_job_3.queue_name
      where tasks.identifier = add_job_3.identifier
    on conflict (key)
      -- Bump the updated_at so that there's something to return
      do update set
        revision = jobs.revision + 1,
        updated_at = now()
      returning *
      into v_job;
    return v_job;
  else
    raise exception 'Invalid job_key_mode value, expected ''replace'', ''preserve_run_at'' or ''unsafe_dedupe''.' using errcode = 'GWBKM';
  end if;
end;
$$;

-- line: 87
CREATE FUNCTION reschedule_jobs_3(job_ids bigint[], run_at timestamp with time zone DEFAULT NULL::timestamp with time zone, priority int DEFAULT NULL::int, attempts int DEFAULT NULL::int, max_attempts int DEFAULT NULL::int) RETURNS SETOF jobs
    LANGUAGE sql
    AS $$
  update jobs
    set
      run_at = coalesce(reschedule_jobs_3.run_at, jobs.run_at),
      priority = coalesce(reschedule_jobs_3.priority::smallint, jobs.priority),
      attempts = coalesce(reschedule_jobs_3.attempts::smallint, jobs.attempts),
      max_attempts = coalesce(reschedule_jobs_3.max_attempts::smallint, jobs.max_attempts),
      updated_at = now()
    where id = any(job_ids)
    and (
      locked_at is null
    or
      locked_at < NOW() - interval '4 hours'
    )
    returning *;
$$;

-- source: graphile-worker 0.17.3 sql/000016.sql

-- line: 2
alter table jobs rename to _private_jobs;

-- line: 3
alter table job_queues rename to _private_job_queues;

-- line: 4
alter table tasks rename to _private_tasks;

-- line: 8
CREATE FUNCTION add_job_4(identifier text, payload json DEFAULT NULL::json, queue_name text DEFAULT NULL::text, run_at timestamp with time zone DEFAULT NULL::timestamp with time zone, max_attempts integer DEFAULT NULL::integer, job_key text DEFAULT NULL::text, priority integer DEFAULT NULL::integer, flags text[] DEFAULT NULL::text[], job_key_mode text DEFAULT 'replace'::text) RETURNS _private_jobs
    LANGUAGE plpgsql
    AS $$
declare
  v_job _private_jobs;
begin
  if (job_key is null or job_key_mode is null or job_key_mode in ('replace', 'preserve_run_at')) then
    select * into v_job
    from add_jobs_2(
      ARRAY[(
        identifier,
        payload,
        queue_name,
        run_at,
        max_attempts::smallint,
        job_key,
        priority::smallint,
        flags
      )::job_spec],
      (job_key_mode = 'preserve_run_at')
    )
    limit 1;
    return v_job;
  elsif job_key_mode = 'unsafe_dedupe' then
    -- Ensure all the tasks exist
    insert into _private_tasks as tasks (identifier)
    values (add_job_4.identifier)
    on conflict do nothing;
    -- Ensure all the queues exist
    if add_job_4.queue_name is not null then
      insert into _private_job_queues as job_queues (queue_name)
      values (add_job_4.queue_name)
      on conflict do nothing;
    end if;
    -- Insert job, but if one already exists then do nothing, even if the
    -- existing job has already started (and thus represents an out-of-date
    -- world state). This is dangerous because it means that whatever state
    -- change triggered this add_job_4 may not be acted upon (since it happened
    -- after the existing job started executing, but no further job is being
    -- scheduled), but it is useful in very rare circumstances for
    -- de-duplication. If in doubt, DO NOT USE THIS.
    insert into _private_jobs as jobs (
      job_queue_id,
      task_id,
      payload,
      run_at,
      max_attempts,
      key,
      priority,
      flags
    )
      select
        job_queues.id,
        tasks.id,
        coalesce(add_job_4.payload, '{}'::json),
        coalesce(add_job_4.run_at, now()),
        coalesce(add_job_4.max_attempts::smallint, 25::smallint),
        add_job_4.job_key,
        coalesce(add_job_4.priority::smallint, 0::smallint),
        (
          select jsonb_object_agg(flag, true)
          from unnest(add_job_4.flags) as item(flag)
        )
      from _private_tasks as tasks
      left join _private_job_queues as job_queues
      on job_queues.queue_name = add_job_4.queue_name
      where tasks.identifier = add_job_4.identifier
    on conflict (key)
      -- Bump the updated_at so that there's something to return
      do update set
        revision = jobs.revision + 1,
        updated_at = now()
      returning *
      into v_job;
    return v_job;
  else
    raise exception 'Invalid job_key_mode value, expected ''replace'', ''preserve_run_at'' or ''unsafe_dedupe''.' using errcode = 'GWBKM';
  end if;
end;
$$;

-- line: 90
CREATE FUNCTION add_jobs_3(specs job_spec[], job_key_preserve_run_at boolean DEFAULT false) RETURNS SETOF _private_jobs
    LANGUAGE plpgsql
    AS $$
begin
  -- Ensure all the tasks exist
  insert into _private_tasks as tasks (identifier)
  select distinct spec.identifier
  from unnest(specs) spec
  on conflict do nothing;
  -- Ensure all the queues exist
  insert into _private_job_queues as job_queues (queue_name)
  select distinct spec.queue_name
  from unnest(specs) spec
  where spec.queue_name is not null
  on conflict do nothing;
  -- Ensure any locked jobs have their key cleared - in the case of locked
  -- existing job create a new job instead as it must have already started
  -- executing (i.e. it's world state is out of date, and the fact add_job_4
  -- has been called again implies there's new information that needs to be
  -- acted upon).
  update _private_jobs as jobs
  set
    key = null,
    attempts = jobs.max_attempts,
    updated_at = now()
  from unnest(specs) spec
  where spec.job_key is not null
  and jobs.key = spec.job_key
  and is_available is not true;
  -- TODO: is there a risk that a conflict could occur depending on the
  -- isolation level?
  return query insert into _private_jobs as jobs (
    job_queue_id,
    task_id,
    payload,
    run_at,
    max_attempts,
    key,
    priority,
    flags
  )
    select
      job_queues.id,
      tasks.id,
      coalesce(spec.payload, '{}'::json),
      coalesce(spec.run_at, now()),
      coalesce(spec.max_attempts, 25),
      spec.job_key,
      coalesce(spec.priority, 0),
      (
        select jsonb_object_agg(flag, true)
        from unnest(spec.flags) as item(flag)
      )
    from unnest(specs) spec
    inner join _private_tasks as tasks
    on tasks.identifier = spec.identifier
    left join _private_job_queues as job_queues
    on job_queues.queue_name = spec.queue_name
  on conflict (key) do update set
    job_queue_id = excluded.job_queue_id,
    task_id = excluded.task_id,
    payload =
      case
      when json_typeof(jobs.payload) = 'array' and json_typeof(excluded.payload) = 'array' then
        (jobs.payload::jsonb || excluded.payload::jsonb)::json
      else
        excluded.payload
      end,
    max_attempts = excluded.max_attempts,
    run_at = (case
      when job_key_preserve_run_at is true and jobs.attempts = 0 then jobs.run_at
      else excluded.run_at
    end),
    priority = excluded.priority,
    revision = jobs.revision + 1,
    flags = excluded.flags,
    -- always reset error/retry state
    attempts = 0,
    last_error = null,
    updated_at = now()
  where jobs.locked_at is null
  returning *;
end;
$$;

-- line: 202
CREATE FUNCTION permanently_fail_jobs_3(job_ids bigint[], error_message text DEFAULT NULL::text) RETURNS SETOF _private_jobs
    LANGUAGE sql
    AS $$
  update _private_jobs as jobs
    set
      last_error = coalesce(error_message, 'Manually marked as failed'),
      attempts = max_attempts,
      updated_at = now()
    where id = any(job_ids)
    and (
      locked_at is null
    or
      locked_at < NOW() - interval '4 hours'
    )
    returning *;
$$;

-- line: 251
CREATE FUNCTION reschedule_jobs_4(job_ids bigint[], run_at timestamp with time zone DEFAULT NULL::timestamp with time zone, priority integer DEFAULT NULL::integer, attempts integer DEFAULT NULL::integer, max_attempts integer DEFAULT NULL::integer) RETURNS SETOF _private_jobs
    LANGUAGE sql
    AS $$
  update _private_jobs as jobs
    set
      run_at = coalesce(reschedule_jobs_4.run_at, jobs.run_at),
      priority = coalesce(reschedule_jobs_4.priority::smallint, jobs.priority),
      attempts = coalesce(reschedule_jobs_4.attempts::smallint, jobs.attempts),
      max_attempts = coalesce(reschedule_jobs_4.max_attempts::smallint, jobs.max_attempts),
      updated_at = now()
    where id = any(job_ids)
    and (
      locked_at is null
    or
      locked_at < NOW() - interval '4 hours'
    )
    returning *;
$$;

-- source: graphile-worker 0.17.3 sql/000017.sql

-- line: 1
create view jobs as (
  select
    jobs.id,
    job_queues.queue_name,
    tasks.identifier as task_identifier,
    jobs.priority,
    jobs.run_at,
    jobs.attempts,
    jobs.max_attempts,
    jobs.last_error,
    jobs.created_at,
    jobs.updated_at,
    jobs.key,
    jobs.locked_at,
    jobs.locked_by,
    jobs.revision,
    jobs.flags
  from _private_jobs as jobs
  inner join _private_tasks as tasks
  on tasks.id = jobs.task_id
  left join _private_job_queues as job_queues
  on job_queues.id = jobs.job_queue_id
);

-- source: graphile-worker 0.17.3 sql/000018.sql

-- line: 4
CREATE FUNCTION add_job_5(identifier text, payload json DEFAULT NULL::json, queue_name text DEFAULT NULL::text, run_at timestamp with time zone DEFAULT NULL::timestamp with time zone, max_attempts integer DEFAULT NULL::integer, job_key text DEFAULT NULL::text, priority integer DEFAULT NULL::integer, flags text[] DEFAULT NULL::text[], job_key_mode text DEFAULT 'replace'::text) RETURNS _private_jobs
    LANGUAGE plpgsql
    AS $$
declare
  v_job _private_jobs;
begin
  if (job_key is null or job_key_mode is null or job_key_mode in ('replace', 'preserve_run_at')) then
    select * into v_job
    from add_jobs_3(
      ARRAY[(
        identifier,
        payload,
        queue_name,
        run_at,
        max_attempts::smallint,
        job_key,
        priority::smallint,
        flags
      )::job_spec],
      (job_key_mode = 'preserve_run_at')
    )
    limit 1;
    return v_job;
  elsif job_key_mode = 'unsafe_dedupe' then
    -- Ensure all the tasks exist
    insert into _private_tasks as tasks (identifier)
    values (add_job_5.identifier)
    on conflict do nothing;
    -- Ensure all the queues exist
    if add_job_5.queue_name is not null then
      insert into _private_job_queues as job_queues (queue_name)
      values (add_job_5.queue_name)
      on conflict do nothing;
    end if;
    -- Insert job, but if one already exists then do nothing, even if the
    -- existing job has already started (and thus represents an out-of-date
    -- world state). This is dangerous because it means that whatever state
    -- change triggered this add_job_5 may not be acted upon (since it happened
    -- after the existing job started executing, but no further job is being
    -- scheduled), but it is useful in very rare circumstances for
    -- de-duplication. If in doubt, DO NOT USE THIS.
    insert into _private_jobs as jobs (
      job_queue_id,
      task_id,
      payload,
      run_at,
      max_attempts,
      key,
      priority,
      flags
    )
      select
        job_queues.id,
        tasks.id,
        coalesce(add_job_5.payload, '{}'::json),
        coalesce(add_job_5.run_at, now()),
        coalesce(add_job_5.max_attempts::smallint, 25::smallint),
        add_job_5.job_key,
        coalesce(add_job_5.priority::smallint, 0::smallint),
        (
          select jsonb_object_agg(flag, true)
          from unnest(add_job_5.flags) as item(flag)
        )
      from _private_tasks as tasks
      left join _private_job_queues as job_queues
      on job_queues.queue_name = add_job_5.queue_name
      where tasks.identifier = add_job_5.identifier
    on conflict (key)
      -- Bump the updated_at so that there's something to return
      do update set
        revision = jobs.revision + 1,
        updated_at = now()
      returning *
      into v_job;
    if v_job.revision = 0 then
      perform pg_notify('jobs:insert', '{"r":' || random()::text || ',"count":1}');
    end if;
    return v_job;
  else
    raise exception 'Invalid job_key_mode value, expected ''replace'', ''preserve_run_at'' or ''unsafe_dedupe''.' using errcode = 'GWBKM';
  end if;
end;
$$;

-- line: 88
CREATE FUNCTION add_jobs_4(specs job_spec[], job_key_preserve_run_at boolean DEFAULT false) RETURNS SETOF _private_jobs
    LANGUAGE plpgsql
    AS $$
begin
  -- Ensure all the tasks exist
  insert into _private_tasks as tasks (identifier)
  select distinct spec.identifier
  from unnest(specs) spec
  on conflict do nothing;
  -- Ensure all the queues exist
  insert into _private_job_queues as job_queues (queue_name)
  select distinct spec.queue_name
  from unnest(specs) spec
  where spec.queue_name is not null
  on conflict do nothing;
  -- Ensure any locked jobs have their key cleared - in the case of locked
  -- existing job create a new job instead as it must have already started
  -- executing (i.e. it's world state is out of date, and the fact add_job_5
  -- has been called again implies there's new information that needs to be
  -- acted upon).
  update _private_jobs as jobs
  set
    key = null,
    attempts = jobs.max_attempts,
    updated_at = now()
  from unnest(specs) spec
  where spec.job_key is not null
  and jobs.key = spec.job_key
  and is_available is not true;
  -- WARNING: this count is not 100% accurate; 'on conflict' clause will cause it to be an overestimate
  perform pg_notify('jobs:insert', '{"r":' || random()::text || ',"count":' || array_length(specs, 1)::text || '}');
  -- TODO: is there a risk that a conflict could occur depending on the
  -- isolation level?
  return query insert into _private_jobs as jobs (
    job_queue_id,
    task_id,
    payload,
    run_at,
    max_attempts,
    key,
    priority,
    flags
  )
    select
      job_queues.id,
      tasks.id,
      coalesce(spec.payload, '{}'::json),
      coalesce(spec.run_at, now()),
      coalesce(spec.max_attempts, 25),
      spec.job_key,
      coalesce(spec.priority, 0),
      (
        select jsonb_object_agg(flag, true)
        from unnest(spec.flags) as item(flag)
      )
    from unnest(specs) spec
    inner join _private_tasks as tasks
    on tasks.identifier = spec.identifier
    left join _private_job_queues as job_queues
    on job_queues.queue_name = spec.queue_name
  on conflict (key) do update set
    job_queue_id = excluded.job_queue_id,
    task_id = excluded.task_id,
    payload =
      case
      when json_typeof(jobs.payload) = 'array' and json_typeof(excluded.payload) = 'array' then
        (jobs.payload::jsonb || excluded.payload::jsonb)::json
      else
        excluded.payload
      end,
    max_attempts = excluded.max_attempts,
    run_at = (case
      when job_key_preserve_run_at is true and jobs.attempts = 0 then jobs.run_at
      else excluded.run_at
    end),
    priority = excluded.priority,
    revision = jobs.revision + 1,
    flags = excluded.flags,
    -- always reset error/retry state
    attempts = 0,
    last_error = null,
    updated_at = now()
  where jobs.locked_at is null
  returning *;
end;
$$;

-- source: @nicnocquee/dataqueue 1.24.0 migrations/1751131910823_initial.sql
CREATE SCHEMA of_dataqueue; SET LOCAL search_path = of_dataqueue;

-- line: 4
CREATE TABLE job_queue (
  id SERIAL PRIMARY KEY,
  job_type VARCHAR(255) NOT NULL,
  payload JSONB NOT NULL,
  status VARCHAR(50) DEFAULT 'pending',
  created_at TIMESTAMPTZ DEFAULT CURRENT_TIMESTAMP,
  updated_at TIMESTAMPTZ DEFAULT CURRENT_TIMESTAMP,
  locked_at TIMESTAMPTZ,
  locked_by VARCHAR(255),
  attempts INT DEFAULT 0,
  max_attempts INT DEFAULT 3,
  next_attempt_at TIMESTAMPTZ,
  priority INT DEFAULT 0,
  run_at TIMESTAMPTZ DEFAULT CURRENT_TIMESTAMP,
  pending_reason TEXT,
  error_history JSONB DEFAULT '[]'::jsonb
);

-- source: @nicnocquee/dataqueue 1.24.0 migrations/1751186053000_add_job_events_table.sql

-- line: 2
CREATE TABLE job_events (
  id SERIAL PRIMARY KEY,
  job_id INTEGER NOT NULL,
  event_type TEXT NOT NULL,
  created_at TIMESTAMPTZ DEFAULT NOW(),
  metadata JSONB
);

-- source: pgq 3.5.1 structure/tables.sql
CREATE SCHEMA of_pgq; SET LOCAL search_path = of_pgq;

-- line: 40
create table consumer (
        co_id       serial,
        co_name     text        not null,
        constraint consumer_pkey primary key (co_id),
        constraint consumer_name_uq UNIQUE (co_name)
);

-- line: 75
create table queue (
        queue_id                    serial,
        queue_name                  text        not null,
        queue_ntables               integer     not null default 3,
        queue_cur_table             integer     not null default 0,
        queue_rotation_period       interval    not null default '2 hours',
        queue_switch_step1          bigint      not null default txid_current(),
        queue_switch_step2          bigint               default txid_current(),
        queue_switch_time           timestamptz not null default now(),
        queue_external_ticker       boolean     not null default false,
        queue_disable_insert        boolean     not null default false,
        queue_ticker_paused         boolean     not null default false,
        queue_ticker_max_count      integer     not null default 500,
        queue_ticker_max_lag        interval    not null default '3 seconds',
        queue_ticker_idle_period    interval    not null default '1 minute',
        queue_per_tx_limit          integer,
        queue_data_pfx              text        not null,
        queue_event_seq             text        not null,
        queue_tick_seq              text        not null,
        queue_extra_maint           text[],
        constraint queue_pkey primary key (queue_id),
        constraint queue_name_uq unique (queue_name)
);

-- line: 117
create table tick (
        tick_queue                  int4            not null,
        tick_id                     bigint          not null,
        tick_time                   timestamptz     not null default now(),
        tick_snapshot               txid_snapshot   not null default txid_current_snapshot(),
        tick_event_seq              bigint          not null,
        constraint tick_pkey primary key (tick_queue, tick_id),
        constraint tick_queue_fkey foreign key (tick_queue)
                                   references queue (queue_id)
);

-- line: 150
create table subscription (
        sub_id                          serial      not null,
        sub_queue                       int4        not null,
        sub_consumer                    int4        not null,
        sub_last_tick                   bigint,
        sub_active                      timestamptz not null default now(),
        sub_batch                       bigint,
        sub_next_tick                   bigint,
        constraint subscription_pkey primary key (sub_queue, sub_consumer),
        constraint subscription_batch_idx unique (sub_batch),
        constraint sub_queue_fkey foreign key (sub_queue)
                                   references queue (queue_id),
        constraint sub_consumer_fkey foreign key (sub_consumer)
                                   references consumer (co_id)
);

-- line: 185
create table event_template (
        ev_id               bigint          not null,
        ev_time             timestamptz     not null,
        ev_txid             bigint          not null default txid_current(),
        ev_owner            int4,
        ev_retry            int4,
        ev_type             text,
        ev_data             text,
        ev_extra1           text,
        ev_extra2           text,
        ev_extra3           text,
        ev_extra4           text
);

-- source: @pgpm/types 0.16.0 deploy/schemas/public/domains/image.sql
CREATE SCHEMA of_pgpm; SET LOCAL search_path = of_pgpm;

-- line: 5
CREATE DOMAIN image AS jsonb CHECK (
  value ?& ARRAY['url', 'mime']
  AND
  value->>'url' ~ '^(https?)://[^\s/$.?#].[^\s]*$'
);

-- source: @pgpm/types 0.16.0 deploy/schemas/public/domains/multiple_select.sql

-- line: 5
CREATE DOMAIN multiple_select AS jsonb CHECK (value ?& ARRAY['value']);

-- source: @pgpm/types 0.16.0 deploy/schemas/public/domains/origin.sql

-- line: 5
CREATE DOMAIN origin AS text CHECK (VALUE = substring(VALUE from '^(https?://[^/]*)'));

-- source: @pgpm/types 0.16.0 deploy/schemas/public/domains/single_select.sql

-- line: 7
CREATE DOMAIN single_select AS jsonb CHECK (
  value ?& ARRAY['value']
);

-- source: @pgpm/types 0.16.0 deploy/schemas/public/domains/upload.sql

-- line: 7
CREATE DOMAIN upload AS jsonb CHECK (
  value ?& ARRAY['url', 'mime']
  AND
  value->>'url' ~ '^(https?)://[^\s/$.?#].[^\s]*$'
);

-- source: @pgpm/database-jobs 0.16.0 deploy/schemas/app_jobs/tables/jobs/table.sql

-- line: 5
CREATE TABLE jobs (
  id bigserial PRIMARY KEY,
  database_id uuid NOT NULL,
  queue_name text DEFAULT (gen_random_uuid ()) ::text,
  task_identifier text NOT NULL,
  payload json DEFAULT '{}' ::json NOT NULL,
  priority integer DEFAULT 0 NOT NULL,
  run_at timestamptz DEFAULT now() NOT NULL,
  attempts integer DEFAULT 0 NOT NULL,
  max_attempts integer DEFAULT 25 NOT NULL,
  key text,
  last_error text,
  locked_at timestamptz,
  locked_by text,
  CHECK (length(key) < 513),
  CHECK (length(task_identifier) < 127),
  CHECK (max_attempts > 0),
  CHECK (length(queue_name) < 127),
  CHECK (length(locked_by) > 3),
  UNIQUE (key)
);

-- source: @pgpm/database-jobs 0.16.0 deploy/schemas/app_jobs/tables/job_queues/table.sql

-- line: 5
CREATE TABLE job_queues (
  queue_name text NOT NULL PRIMARY KEY,
  job_count int DEFAULT 0 NOT NULL,
  locked_at timestamptz,
  locked_by text
);

-- source: @pgpm/database-jobs 0.16.0 deploy/schemas/app_jobs/procedures/add_job.sql

-- line: 7
CREATE FUNCTION add_job (
  db_id uuid,
  identifier text,
  payload json DEFAULT '{}' ::json,
  job_key text DEFAULT NULL,
  queue_name text DEFAULT NULL,
  run_at timestamptz DEFAULT now(),
  max_attempts integer DEFAULT 25,
  priority integer DEFAULT 0
)
  RETURNS jobs
  AS $$
DECLARE
  v_job jobs;
BEGIN
  IF job_key IS NOT NULL THEN
    -- Upsert job
    INSERT INTO jobs (
      database_id,
      task_identifier,
      payload,
      queue_name,
      run_at,
      max_attempts,
      key,
      priority
    ) VALUES (
        db_id,
        identifier,
        coalesce(payload,
        '{}'::json),
        queue_name,
        coalesce(run_at, now()),
        coalesce(max_attempts, 25),
        job_key,
        coalesce(priority, 0)
    )
    ON CONFLICT (key)
      DO UPDATE SET
        task_identifier = EXCLUDED.task_identifier,
        payload = EXCLUDED.payload,
        queue_name = EXCLUDED.queue_name,
        max_attempts = EXCLUDED.max_attempts,
        run_at = EXCLUDED.run_at,
        priority = EXCLUDED.priority,
        -- always reset error/retry state
        attempts = 0, last_error = NULL
      WHERE
        jobs.locked_at IS NULL
      RETURNING
        * INTO v_job;
    -- If upsert succeeded (insert or update), return early
    IF NOT (v_job IS NULL) THEN
      RETURN v_job;
    END IF;
    -- Upsert failed -> there must be an existing job that is locked. Remove
    -- existing key to allow a new one to be inserted, and prevent any
    -- subsequent retries by bumping attempts to the max allowed.
    UPDATE
      jobs
    SET
      KEY = NULL,
      attempts = jobs.max_attempts
    WHERE
      KEY = job_key;
  END IF;
  INSERT INTO jobs (
    database_id,
    task_identifier,
    payload,
    queue_name,
    run_at,
    max_attempts,
    priority
  ) VALUES (
    db_id,
    identifier,
    payload,
    queue_name,
    run_at,
    max_attempts,
    priority
  )
  RETURNING * INTO v_job;
  RETURN v_job;
END;
$$
LANGUAGE 'plpgsql' VOLATILE SECURITY DEFINER;

-- source: @pgpm/database-jobs 0.16.0 deploy/schemas/app_jobs/tables/scheduled_jobs/table.sql

-- line: 5
CREATE TABLE scheduled_jobs (
  id bigserial PRIMARY KEY,
  database_id uuid NOT NULL,
  queue_name text DEFAULT (gen_random_uuid ()) ::text,
  task_identifier text NOT NULL,
  payload json DEFAULT '{}' ::json NOT NULL,
  priority integer DEFAULT 0 NOT NULL,
  max_attempts integer DEFAULT 25 NOT NULL,
  key text,
  locked_at timestamptz,
  locked_by text,
  schedule_info json NOT NULL,
  last_scheduled timestamptz,
  last_scheduled_id bigint,
  CHECK (length(key) < 513),
  CHECK (length(task_identifier) < 127),
  CHECK (max_attempts > 0),
  CHECK (length(queue_name) < 127),
  CHECK (length(locked_by) > 3),
  UNIQUE (key)
);

-- source: @pgpm/database-jobs 0.16.0 deploy/schemas/app_jobs/procedures/add_scheduled_job.sql

-- line: 8
CREATE FUNCTION add_scheduled_job(
  db_id uuid,
  identifier text,
  payload json DEFAULT '{}'::json,
  schedule_info json DEFAULT '{}'::json,
  job_key text DEFAULT NULL,
  queue_name text DEFAULT NULL,
  max_attempts integer DEFAULT 25,
  priority integer DEFAULT 0
)
  RETURNS scheduled_jobs
  AS $$
DECLARE
  v_job scheduled_jobs;
BEGIN
  IF job_key IS NOT NULL THEN
    -- Upsert job
    INSERT INTO scheduled_jobs (
      database_id,
      task_identifier,
      payload,
      queue_name,
      schedule_info,
      max_attempts,
      key,
      priority
      ) VALUES (
        db_id,
        identifier,
        coalesce(payload, '{}'::json),
        queue_name,
        schedule_info,
        coalesce(max_attempts, 25),
        job_key,
        coalesce(priority, 0)
    )
    ON CONFLICT (key)
      DO UPDATE SET
        task_identifier = EXCLUDED.task_identifier,
        payload = EXCLUDED.payload,
        queue_name = EXCLUDED.queue_name,
        max_attempts = EXCLUDED.max_attempts,
        schedule_info = EXCLUDED.schedule_info,
        priority = EXCLUDED.priority
      WHERE
        scheduled_jobs.locked_at IS NULL
      RETURNING
        * INTO v_job;
    -- If upsert succeeded (insert or update), return early
    IF NOT (v_job IS NULL) THEN
      RETURN v_job;
    END IF;
    -- Upsert failed -> there must be an existing scheduled job that is locked. Remove
    -- and allow a new one to be inserted
    DELETE FROM
      scheduled_jobs
    WHERE
      KEY = job_key;
  END IF;
  INSERT INTO scheduled_jobs (
    database_id,
    task_identifier,
    payload,
    queue_name,
    schedule_info,
    max_attempts,
    priority
    ) VALUES (
    db_id,
    identifier,
    payload,
    queue_name,
    schedule_info,
    max_attempts,
    priority
  ) RETURNING * INTO v_job;
  RETURN v_job;
END;
$$
LANGUAGE 'plpgsql'
VOLATILE
SECURITY DEFINER;

-- source: @pgpm/database-jobs 0.16.0 deploy/schemas/app_jobs/procedures/get_job.sql

-- line: 7
CREATE FUNCTION get_job (worker_id text, task_identifiers text[] DEFAULT NULL, job_expiry interval DEFAULT '4 hours')
  RETURNS jobs
  LANGUAGE plpgsql
  AS $$
DECLARE
  v_job_id bigint;
  v_queue_name text;
  v_row jobs;
  v_now timestamptz = now();
BEGIN
  IF worker_id IS NULL THEN
    RAISE exception 'INVALID_WORKER_ID';
  END IF;
  --
  SELECT
    jobs.queue_name,
    jobs.id INTO v_queue_name,
    v_job_id
  FROM
    jobs
  WHERE (jobs.locked_at IS NULL
    OR jobs.locked_at < (v_now - job_expiry))
    AND (jobs.queue_name IS NULL
      OR EXISTS (
        SELECT
          1
        FROM
          job_queues
        WHERE
          job_queues.queue_name = jobs.queue_name
          AND (job_queues.locked_at IS NULL
            OR job_queues.locked_at < (v_now - job_expiry))
        FOR UPDATE
          SKIP LOCKED))
    AND run_at <= v_now
    AND attempts < max_attempts
    AND (task_identifiers IS NULL
      OR task_identifier = ANY (task_identifiers))
  ORDER BY
    priority ASC,
    run_at ASC,
    id ASC
  LIMIT 1
  FOR UPDATE
    SKIP LOCKED;
  --
  IF v_job_id IS NULL THEN
    RETURN NULL;
  END IF;
  --
  IF v_queue_name IS NOT NULL THEN
    UPDATE
      job_queues
    SET
      locked_by = worker_id,
      locked_at = v_now
    WHERE
      job_queues.queue_name = v_queue_name;
  END IF;
  --
  UPDATE
    jobs
  SET
    attempts = attempts + 1,
    locked_by = worker_id,
    locked_at = v_now
  WHERE
    id = v_job_id
  RETURNING
    * INTO v_row;
  --
  RETURN v_row;
END;
$$;

-- source: @pgpm/database-jobs 0.16.0 deploy/schemas/app_jobs/procedures/get_scheduled_job.sql

-- line: 6
CREATE FUNCTION get_scheduled_job (worker_id text, task_identifiers text[] DEFAULT NULL)
  RETURNS scheduled_jobs
  LANGUAGE plpgsql
  AS $$
DECLARE
  v_job_id bigint;
  v_row scheduled_jobs;
BEGIN
  --
  IF worker_id IS NULL THEN
    RAISE exception 'INVALID_WORKER_ID';
  END IF;
  --
  SELECT
    scheduled_jobs.id INTO v_job_id
  FROM
    scheduled_jobs
  WHERE (scheduled_jobs.locked_at IS NULL)
    AND (task_identifiers IS NULL
      OR task_identifier = ANY (task_identifiers))
  ORDER BY
    priority ASC,
    id ASC
  LIMIT 1
  FOR UPDATE
    SKIP LOCKED;
  --
  IF v_job_id IS NULL THEN
    RETURN NULL;
  END IF;
  --
  UPDATE
    scheduled_jobs
  SET
    locked_by = worker_id,
    locked_at = NOW()
  WHERE
    id = v_job_id
  RETURNING
    * INTO v_row;
  --
  RETURN v_row;
END;
$$;

-- source: @pgpm/database-jobs 0.16.0 deploy/schemas/app_jobs/procedures/permanently_fail_jobs.sql

-- line: 7
CREATE FUNCTION permanently_fail_jobs (job_ids bigint[], error_message text DEFAULT NULL)
  RETURNS SETOF jobs
  LANGUAGE sql
  AS $$
  UPDATE
    jobs
  SET
    last_error = coalesce(error_message, 'Manually marked as failed'),
    attempts = max_attempts
  WHERE
    id = ANY (job_ids)
    AND (locked_by IS NULL
      OR locked_at < NOW() - interval '4 hours')
  RETURNING
    *;
$$;

-- source: @pgpm/database-jobs 0.16.0 deploy/schemas/app_jobs/procedures/release_scheduled_jobs.sql

-- line: 6
CREATE FUNCTION release_scheduled_jobs (worker_id text, ids bigint[] DEFAULT NULL)
  RETURNS void
  AS $$
DECLARE
BEGIN
  -- clear the scheduled job
  UPDATE
    scheduled_jobs s
  SET
    locked_at = NULL,
    locked_by = NULL
  WHERE
    locked_by = worker_id
    AND (ids IS NULL
      OR s.id = ANY (ids));
END;
$$
LANGUAGE 'plpgsql'
VOLATILE;

-- source: @pgpm/database-jobs 0.16.0 deploy/schemas/app_jobs/procedures/reschedule_jobs.sql

-- line: 7
CREATE FUNCTION reschedule_jobs (job_ids bigint[], run_at timestamptz DEFAULT NULL, priority integer DEFAULT NULL, attempts integer DEFAULT NULL, max_attempts integer DEFAULT NULL)
  RETURNS SETOF jobs
  LANGUAGE sql
  AS $$
  UPDATE
    jobs
  SET
    run_at = coalesce(reschedule_jobs.run_at, jobs.run_at),
    priority = coalesce(reschedule_jobs.priority, jobs.priority),
    attempts = coalesce(reschedule_jobs.attempts, jobs.attempts),
    max_attempts = coalesce(reschedule_jobs.max_attempts, jobs.max_attempts)
  WHERE
    id = ANY (job_ids)
    AND (locked_by IS NULL
      OR locked_at < NOW() - interval '4 hours')
  RETURNING
    *;
$$;

-- source: @pgpm/database-jobs 0.16.0 deploy/schemas/app_jobs/procedures/run_scheduled_job.sql

-- line: 7
CREATE FUNCTION run_scheduled_job (id bigint, job_expiry interval DEFAULT '1 hours')
  RETURNS jobs
  AS $$
DECLARE
  j jobs;
  last_id bigint;
  lkd_by text;
BEGIN
  -- check last scheduled
  SELECT
    last_scheduled_id
  FROM
    scheduled_jobs s
  WHERE
    s.id = run_scheduled_job.id INTO last_id;
  -- if it's been scheduled check if it's been run
  IF (last_id IS NOT NULL) THEN
    SELECT
      locked_by
    FROM
      jobs js
    WHERE
      js.id = last_id
      AND (js.locked_at IS NULL -- never been run
        OR js.locked_at >= (NOW() - job_expiry)
        -- still running within a safe interval
) INTO lkd_by;
    IF (FOUND) THEN
      RAISE EXCEPTION 'ALREADY_SCHEDULED';
    END IF;
  END IF;
  -- insert new job
  INSERT INTO jobs (
    database_id,
    queue_name,
    task_identifier,
    payload,
    priority,
    max_attempts,
    key
  ) SELECT
    database_id,
    queue_name,
    task_identifier,
    payload,
    priority,
    max_attempts,
    key
  FROM
    scheduled_jobs s
  WHERE
    s.id = run_scheduled_job.id
  RETURNING
    * INTO j;
  -- update the scheduled job
  UPDATE
    scheduled_jobs s
  SET
    last_scheduled = NOW(),
    last_scheduled_id = j.id
  WHERE
    s.id = run_scheduled_job.id;
  RETURN j;
END;
$$
LANGUAGE 'plpgsql'
VOLATILE;

-- source: @pgpm/database-jobs 0.16.0 deploy/schemas/app_jobs/tables/jobs/triggers/decrease_job_queue_count.sql

-- line: 6
CREATE FUNCTION tg_decrease_job_queue_count ()
  RETURNS TRIGGER
  AS $$
DECLARE
  v_new_job_count int;
BEGIN
  UPDATE
    job_queues
  SET
    job_count = job_queues.job_count - 1
  WHERE
    queue_name = OLD.queue_name
  RETURNING
    job_count INTO v_new_job_count;
  IF v_new_job_count <= 0 THEN
    DELETE FROM job_queues
    WHERE queue_name = OLD.queue_name
      AND job_count <= 0;
  END IF;
  RETURN OLD;
END;
$$
LANGUAGE 'plpgsql'
VOLATILE;

-- line: 31
CREATE TRIGGER decrease_job_queue_count_on_delete
  AFTER DELETE ON jobs
  FOR EACH ROW
  WHEN ((OLD.queue_name IS NOT NULL))
  EXECUTE PROCEDURE tg_decrease_job_queue_count ();

-- line: 38
CREATE TRIGGER decrease_job_queue_count_on_update
  AFTER UPDATE OF queue_name ON jobs
  FOR EACH ROW
  WHEN (((NEW.queue_name IS DISTINCT FROM OLD.queue_name) AND (OLD.queue_name IS NOT NULL)))
  EXECUTE PROCEDURE tg_decrease_job_queue_count ();

-- source: @pgpm/database-jobs 0.16.0 deploy/schemas/app_jobs/tables/jobs/triggers/increase_job_queue_count.sql

-- line: 6
CREATE FUNCTION tg_increase_job_queue_count ()
  RETURNS TRIGGER
  AS $$
BEGIN
  INSERT INTO job_queues (queue_name, job_count)
    VALUES (NEW.queue_name, 1)
  ON CONFLICT (queue_name)
    DO UPDATE SET
      job_count = job_queues.job_count + 1;
  RETURN NEW;
END;
$$
LANGUAGE 'plpgsql'
VOLATILE;

-- line: 20
CREATE TRIGGER _500_increase_job_queue_count_on_insert
  AFTER INSERT ON jobs
  FOR EACH ROW
  WHEN ((NEW.queue_name IS NOT NULL))
  EXECUTE PROCEDURE tg_increase_job_queue_count ();

-- line: 26
CREATE TRIGGER _500_increase_job_queue_count_on_update
  AFTER UPDATE OF queue_name ON jobs
  FOR EACH ROW
  WHEN (((NEW.queue_name IS DISTINCT FROM OLD.queue_name) AND (NEW.queue_name IS NOT NULL)))
  EXECUTE PROCEDURE tg_increase_job_queue_count ();

-- source: @pgpm/database-jobs 0.16.0 deploy/schemas/app_jobs/tables/jobs/triggers/timestamps.sql

-- line: 7
ALTER TABLE jobs
    ADD COLUMN created_at timestamptz;

-- line: 9
ALTER TABLE jobs
    ALTER COLUMN created_at SET DEFAULT NOW();
