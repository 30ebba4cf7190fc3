-- Be the only session that does upkeep, until it ends; false where another one is.
select pg_try_advisory_lock(%(key)s)
