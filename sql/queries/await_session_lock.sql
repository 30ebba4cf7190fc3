-- Wait for an advisory lock, which the session then holds until it ends.
select pg_advisory_lock(%(key)s)
