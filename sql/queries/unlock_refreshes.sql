-- Let the job refresh_metrics go on.
select pg_advisory_unlock(0x72656672657368)
