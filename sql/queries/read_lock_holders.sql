-- List the sessions that hold the lock on the offsets, on the aggregates or of the server's jobs.
select distinct activity.application_name, activity.pid
from pg_locks as held
join pg_stat_activity as activity using (pid)
where
    held.granted
    and held.pid <> pg_backend_pid()
    and held.database = (select oid from pg_database where datname = current_database())
    and case
        when %(lock)s = 'offsets' then
            held.relation = 'ingest_offsets'::regclass and held.mode <> 'AccessShareLock'
        when held.locktype = 'advisory' and held.objsubid = 1 then
            (held.classid::bigint << 32) | held.objid::bigint
            = case %(lock)s
                when 'aggregates' then lock_of_aggregates()
                when 'jobs' then x'72656672657368'::bigint
            end
    end
order by 2
