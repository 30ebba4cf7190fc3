-- Summarize a user's agents at `now`: newest samples in (now - 5 min, …), sums over (now - 15 min, now].
-- An agent's clock may be up to 5 minutes ahead. A sample from the future counts as the newest one, because
-- its agent is alive and has no other. The sums include it only once its time has come, so that they never
-- span more than 15 minutes.
select
    newest.as_of,
    newest.cpu,
    newest.memory,
    recent.messages,
    recent.errors,
    recent.response_ms_sum,
    recent.response_messages
from (
    select
        max(ts) as as_of,
        avg(cpu) filter (where ts > %(now)s - interval '5 minutes') as cpu,
        avg(memory) filter (where ts > %(now)s - interval '5 minutes') as memory
    from agent_newest
    where agent_key = any(array(select agent_key from agents where user_id = %(user_id)s))
) as newest
cross join (
    select
        coalesce(sum(messages), 0)::bigint as messages,
        coalesce(sum(errors), 0)::bigint as errors,
        coalesce(sum(response_ms::double precision * messages), 0) as response_ms_sum,
        coalesce(sum(messages) filter (where response_ms is not null), 0)::bigint
            as response_messages
    from agent_samples
    where
        agent_key = any(array(select agent_key from agents where user_id = %(user_id)s))
        and ts > %(now)s - interval '15 minutes'
        and ts <= %(now)s
) as recent
