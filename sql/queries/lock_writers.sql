-- Keep every writer and every claim out until the transaction ends; those under way end first.
lock table ingest_offsets in exclusive mode
