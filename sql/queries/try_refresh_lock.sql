-- Block the server's jobs until this session ends, unless one is running; the key is in 80_jobs.sql.
select pg_try_advisory_lock(0x72656672657368)
