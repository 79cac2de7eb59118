DROP TABLE pkd_sync_jobs;
