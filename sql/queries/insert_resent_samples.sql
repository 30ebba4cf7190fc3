-- Store those of the resent samples that are new; the first one stored stands.
insert into agent_samples
select * from resent_samples order by agent_key, ts
on conflict (agent_key, ts) do nothing
