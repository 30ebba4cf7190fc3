-- Keep the server's jobs waiting until this session ends, unless one runs; the key is in 80_jobs.sql.
select pg_try_advisory_lock(0x72656672657368)
