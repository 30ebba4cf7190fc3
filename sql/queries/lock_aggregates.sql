-- Block refreshes and writers of late samples until this transaction ends.
select pg_advisory_xact_lock(lock_of_aggregates())
