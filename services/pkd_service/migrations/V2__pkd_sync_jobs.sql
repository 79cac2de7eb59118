-- Background jobs that bring one collection to the newest version.
--
-- queued -> running -> succeeded | failed, and cancelled from queued or running. A failed job is tried
-- again by a new row, so that every attempt stays visible.

CREATE TABLE pkd_sync_jobs (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    collection text NOT NULL,
    state text NOT NULL DEFAULT 'queued',
    triggered_by text NOT NULL,
    retry_of uuid,
    attempt bigint NOT NULL DEFAULT 1,
    manifest_id uuid,
    from_version bigint,
    to_version bigint,
    worker_id text,
    queued_at timestamptz NOT NULL DEFAULT now(),
    run_after timestamptz NOT NULL DEFAULT now(),
    started_at timestamptz,
    heartbeat_at timestamptz,
    finished_at timestamptz,
    entries_added bigint NOT NULL DEFAULT 0,
    entries_changed bigint NOT NULL DEFAULT 0,
    entries_removed bigint NOT NULL DEFAULT 0,
    entries_rejected bigint NOT NULL DEFAULT 0,
    error_code text,
    error_message text,
    CONSTRAINT pkd_sync_jobs_retry_of_key UNIQUE (retry_of),
    CONSTRAINT pkd_sync_jobs_retry_of_fkey
        FOREIGN KEY (retry_of) REFERENCES pkd_sync_jobs (id) ON DELETE SET NULL,
    CONSTRAINT pkd_sync_jobs_manifest_id_fkey
        FOREIGN KEY (manifest_id) REFERENCES pkd_download_manifest (id) ON DELETE SET NULL,
    CONSTRAINT pkd_sync_jobs_collection_check CHECK (collection ~ '^00[1-9]$'),
    CONSTRAINT pkd_sync_jobs_triggered_by_check CHECK (triggered_by IN ('schedule', 'operator', 'retry')),
    CONSTRAINT pkd_sync_jobs_retry_of_check CHECK (retry_of IS NULL OR triggered_by = 'retry'),
    CONSTRAINT pkd_sync_jobs_attempt_check CHECK (attempt >= 1),
    CONSTRAINT pkd_sync_jobs_versions_check
        CHECK (from_version >= 0 AND to_version >= coalesce(from_version, 0)),
    CONSTRAINT pkd_sync_jobs_state_check
        CHECK (state IN ('queued', 'running', 'succeeded', 'failed', 'cancelled')),
    -- what each state has; a CHECK sees one row, so the transitions are the worker's to keep
    CONSTRAINT pkd_sync_jobs_state_columns_check CHECK (
        CASE state
            WHEN 'queued' THEN started_at IS NULL AND worker_id IS NULL AND heartbeat_at IS NULL
                               AND finished_at IS NULL
            WHEN 'running' THEN started_at IS NOT NULL AND worker_id IS NOT NULL
                                AND heartbeat_at IS NOT NULL AND finished_at IS NULL
            WHEN 'succeeded' THEN started_at IS NOT NULL AND finished_at IS NOT NULL
                                  AND to_version IS NOT NULL
            WHEN 'failed' THEN started_at IS NOT NULL AND finished_at IS NOT NULL
            ELSE finished_at IS NOT NULL
        END),
    CONSTRAINT pkd_sync_jobs_error_check CHECK (
        (state = 'failed') = (error_code IS NOT NULL)
        AND (error_message IS NULL OR error_code IS NOT NULL)),
    CONSTRAINT pkd_sync_jobs_times_check
        CHECK (heartbeat_at >= started_at AND finished_at >= coalesce(started_at, queued_at)),
    CONSTRAINT pkd_sync_jobs_counts_check CHECK (
        entries_added >= 0 AND entries_changed >= 0 AND entries_removed >= 0 AND entries_rejected >= 0)
);

-- two workers on one collection would apply deltas twice; a second waiting job would add nothing
CREATE UNIQUE INDEX pkd_sync_jobs_one_running_idx ON pkd_sync_jobs (collection) WHERE state = 'running';
CREATE UNIQUE INDEX pkd_sync_jobs_one_queued_idx ON pkd_sync_jobs (collection) WHERE state = 'queued';
CREATE INDEX pkd_sync_jobs_due_idx ON pkd_sync_jobs (run_after) WHERE state = 'queued';
-- a worker that died is found by its heartbeat
CREATE INDEX pkd_sync_jobs_heartbeat_idx ON pkd_sync_jobs (heartbeat_at) WHERE state = 'running';
CREATE INDEX pkd_sync_jobs_history_idx ON pkd_sync_jobs (collection, queued_at DESC);
CREATE INDEX pkd_sync_jobs_manifest_id_idx ON pkd_sync_jobs (manifest_id) WHERE manifest_id IS NOT NULL;

COMMENT ON TABLE pkd_sync_jobs IS 'Synchronisation runs; at most one running and one queued per collection';
COMMENT ON COLUMN pkd_sync_jobs.state IS 'queued, running, succeeded, failed or cancelled';
COMMENT ON COLUMN pkd_sync_jobs.retry_of IS 'The failed job that this one repeats; a job is retried once';
COMMENT ON COLUMN pkd_sync_jobs.heartbeat_at IS
    'Set by the worker while it runs; an old one means that the job may be failed and retried';
COMMENT ON COLUMN pkd_sync_jobs.manifest_id IS 'File that the job imported';
