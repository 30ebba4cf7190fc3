-- Make TimescaleDB's functions known to this database.
create extension if not exists timescaledb
