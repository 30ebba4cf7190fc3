-- Try to become the only session that does upkeep, until it ends; false if another one is.
select pg_try_advisory_lock(%(key)s)
