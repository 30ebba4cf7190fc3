-- Read how far retention has dropped each relation; no row for relations of which it never dropped a chunk.
select relation, dropped_before from retention_horizons
