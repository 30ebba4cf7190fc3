-- Store those samples of resent_samples that are no duplicates, and return them; the first one stored stays.
insert into agent_samples
select * from resent_samples order by agent_key, ts
on conflict (agent_key, ts) do nothing
returning agent_key, (extract(epoch from ts) * 1000000)::bigint as ts
