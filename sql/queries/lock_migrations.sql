-- Let one migration run at a time; released when the session ends.
select pg_advisory_lock(%(key)s)
