-- Wait for the lock that only one migration holds at a time; released when the session ends.
select pg_advisory_lock(%(key)s)
