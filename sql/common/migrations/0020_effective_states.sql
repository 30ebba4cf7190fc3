-- migrate:up

-- `removed` holds until `running`, whatever is told between them and in whatever order it arrives:
-- beside the newest status, the newest time of each of the two has to be known.
alter table agent_states add column running_ts timestamptz;
alter table agent_states add column removed_ts timestamptz;
update agent_states set running_ts = ts where status = 'running';
update agent_states set removed_ts = ts where status = 'removed';
alter table agent_states add column removed boolean not null generated always as (
    status = 'removed' or coalesce(removed_ts >= coalesce(running_ts, '-infinity'), false)
) stored;

-- The one definition of an agent's state; null stands for a status or sample there never was.
-- A supervisor's clock may run behind: half a minute is granted.
create function effective_state(
    status text, removed boolean, status_ts timestamptz, sample_ts timestamptz
) returns text
language sql stable parallel safe
return case
    when status is null then 'running'
    when removed then 'removed'
    when status in ('stopped', 'failed') and sample_ts > status_ts + interval '30 seconds'
        then 'running'
    else status
end;

-- migrate:down

drop function effective_state(text, boolean, timestamptz, timestamptz);
alter table agent_states drop column removed;
alter table agent_states drop column removed_ts;
alter table agent_states drop column running_ts;
