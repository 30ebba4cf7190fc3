-- Keep the job refresh_metrics waiting until this session ends, unless it runs; the key is in jobs.sql.
select pg_try_advisory_lock(0x72656672657368)
