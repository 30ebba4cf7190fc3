-- Wait to become the only session that does upkeep, until it ends.
select pg_advisory_lock(%(key)s)
