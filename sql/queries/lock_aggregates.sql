-- Keep refreshes and late samples out of what is aggregated until this transaction ends.
select pg_advisory_xact_lock(lock_of_aggregates())
