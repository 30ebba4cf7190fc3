-- Block every writer and every claim until the transaction ends; running ones finish first.
lock table ingest_offsets in exclusive mode
