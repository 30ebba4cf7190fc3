-- Read the versions, edition, clock, role and size of the database server.
select
    current_setting('server_version') as postgresql,
    (select extversion from pg_extension where extname = 'timescaledb') as timescaledb,
    current_setting('timescaledb.license', true) as licence,
    clock_timestamp() as now,
    pg_is_in_recovery() as is_standby,
    pg_database_size(current_database()) as bytes
