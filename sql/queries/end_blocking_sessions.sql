-- Terminate the ingest sessions that block a session: no timeout ends one that was paused in mid-COPY.
select pg_terminate_backend(activity.pid, 5000)
from pg_stat_activity as activity
where activity.pid = any(pg_blocking_pids(%(waiting_pid)s))
    and activity.application_name = 'fleetgauge-ingest'
    -- A session that waits for a lock itself is only ahead in the same queue.
    and activity.wait_event_type is distinct from 'Lock'
