-- Raise every partition's epoch: each writer then has to claim again, and looks up its agents again.
update ingest_offsets set epoch = epoch + 1
