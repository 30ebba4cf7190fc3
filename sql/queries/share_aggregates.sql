-- Block refreshes until this transaction ends; writers of late samples share this lock.
select pg_advisory_xact_lock_shared(lock_of_aggregates())
