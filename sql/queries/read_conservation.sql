-- Report the differences of each level: how many buckets, from when to when, by how many samples, how many
-- are older than the raw samples, and when the comparison last ran.
select
    wanted.level,
    count(differing.bucket) as buckets,
    min(differing.bucket) as oldest,
    max(differing.bucket) as newest,
    coalesce(sum(abs(differing.stored_samples - differing.platform_samples)), 0)::bigint as samples,
    count(differing.bucket) filter (where differing.bucket < kept.kept_since) as older_than_raw,
    (select succeeded_at from upkeep where task = 'conservation') as checked_at,
    (select passed_at from conservation_progress) as passed_at
from unnest(
    array['agent_metrics_5m', 'agent_metrics_1h', 'agent_metrics_1d']
) with ordinality as wanted (level, place)
left join conservation_differences as differing
    on differing.level = wanted.level and differing.confirmed_at is not null
left join conservation_levels as kept on kept.level = 'agent_samples'
group by wanted.level, wanted.place
order by wanted.place
