-- migrate:up

-- `removed` holds until `running`, whatever is told between them and in whatever order it arrives:
-- beside the newest status, the newest time of each of the two has to be known.
alter table agent_states add column running_ts timestamptz;
alter table agent_states add column removed_ts timestamptz;
update agent_states set running_ts = ts where status = 'running';
update agent_states set removed_ts = ts where status = 'removed';

-- What a sample has to be newer than to make the agent running. A supervisor's clock may run behind:
-- half a minute is granted. Nothing is newer than infinity: a removed agent is told so by that alone.
alter table agent_states add column running_after timestamptz not null generated always as (
    case
        when status = 'removed' or removed_ts >= coalesce(running_ts, '-infinity') then 'infinity'
        when status = 'running' then '-infinity'
        else (ts at time zone 'UTC' + interval '30 seconds') at time zone 'UTC'
    end
) stored;

create index agent_states_removed on agent_states (agent_key) where running_after = 'infinity';

-- migrate:down

drop index agent_states_removed;
alter table agent_states drop column running_after;
alter table agent_states drop column removed_ts;
alter table agent_states drop column running_ts;
