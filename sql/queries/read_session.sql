-- Tell which server process this session has, and two settings under which nothing may be written.
select
    pg_backend_pid() as pid,
    current_setting('session_replication_role') as replication_role,
    current_setting('timescaledb.restoring', true) as restoring
