-- Read the versions of PostgreSQL and TimescaleDB.
select
    current_setting('server_version'),
    (select extversion from pg_extension where extname = 'timescaledb')
