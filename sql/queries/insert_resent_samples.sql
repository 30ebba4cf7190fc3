-- Store those of the resent samples that are new, and tell which; the first one stored stands.
insert into agent_samples
select * from resent_samples order by agent_key, ts
on conflict (agent_key, ts) do nothing
returning agent_key, (extract(epoch from ts) * 1000000)::bigint as ts
