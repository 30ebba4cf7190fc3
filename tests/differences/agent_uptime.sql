-- Where agent_uptime is not the 5-minute buckets with a sample: sums over the newest day and the 31
-- before it, and each bucket of the last two.
with stored as (
    select agent_key, first_bucket, day, earlier, totals, last_marks from agent_uptime
),
buckets as materialized (
    select distinct agent_key, floor(date_part('epoch', ts) / 300)::integer as number
    from agent_samples
),
newest as materialized (
    select agent_key, min(number) as first_bucket, max(number) / 288 as day
    from buckets
    group by agent_key
),
counts as materialized (
    select agent_key, number / 288 as day, count(*) as buckets from buckets group by 1, 2
),
sums as (
    select
        newest.agent_key,
        back,
        counts.buckets,
        sum(counts.buckets) over (partition by newest.agent_key order by back desc) as so_far
    from newest
    cross join generate_series(0, 31) as back
    left join counts on counts.agent_key = newest.agent_key and counts.day = newest.day - back
),
months as (
    select
        agent_key,
        coalesce(sum(buckets) filter (where back between 1 and 29), 0)::smallint as earlier,
        array_agg(coalesce(so_far, 0)::smallint order by back desc) as totals
    from sums
    group by agent_key
),
marks as (
    select agent_key, bit_or(B'1'::bit(576) >> (number - 288 * (day - 1))) as last_marks
    from buckets join newest using (agent_key)
    where number >= 288 * (day - 1)
    group by agent_key
),
expected as (
    select agent_key, first_bucket, date '1970-01-01' + day, earlier, totals, last_marks
    from newest join months using (agent_key) join marks using (agent_key)
)
(select 'stored', * from (table stored except table expected) as beyond)
union all
(select 'expected', * from (table expected except table stored) as missing)
