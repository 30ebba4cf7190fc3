-- Tell the versions of the server and of its TimescaleDB.
select
    current_setting('server_version'),
    (select extversion from pg_extension where extname = 'timescaledb')
