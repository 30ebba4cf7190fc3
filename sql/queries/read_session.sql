-- Read the server process of this session, and two settings that rule out writing.
select
    pg_backend_pid() as pid,
    current_setting('session_replication_role') as replication_role,
    current_setting('timescaledb.restoring', true) as restoring
