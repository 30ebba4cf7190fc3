-- Keep refreshes out of what is aggregated until this transaction ends; writers of late samples share.
select pg_advisory_xact_lock_shared(lock_of_aggregates())
