-- Read the time of the newest stored sample, and whose it is; no row without any sample.
select latest.ts, coalesce(agents.user_id, '?'), coalesce(agents.agent_id, '?')
from agent_latest as latest
left join agents using (agent_key)
where latest.ts = (select max(ts) from agent_latest)
limit 1
