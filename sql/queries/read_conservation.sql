-- Tell of each rollup in how many buckets it does not sum to the platform's rows, which, by how many
-- samples, how many are older than the raw samples, and when what was last compared.
select
    asked.level,
    count(differing.bucket) as buckets,
    min(differing.bucket) as oldest,
    max(differing.bucket) as newest,
    coalesce(sum(abs(differing.stored_samples - differing.platform_samples)), 0)::bigint as samples,
    count(differing.bucket) filter (where differing.bucket < kept.kept_since) as older_than_raw,
    (select succeeded_at from upkeep where task = 'conservation') as checked_at,
    (select passed_at from conservation_progress) as passed_at
from unnest(
    array['agent_metrics_5m', 'agent_metrics_1h', 'agent_metrics_1d']
) with ordinality as asked (level, place)
left join conservation_differences as differing
    on differing.level = asked.level and differing.confirmed_at is not null
left join conservation_levels as kept on kept.level = 'agent_samples'
group by asked.level, asked.place
order by asked.place
