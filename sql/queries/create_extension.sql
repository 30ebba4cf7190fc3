-- Create the extension TimescaleDB if it is missing.
create extension if not exists timescaledb
