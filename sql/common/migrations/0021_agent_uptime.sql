-- migrate:up

-- A mark for each 5-minute bucket with a sample, one row an agent: uptime over 30 days reads a row
-- an agent and not one an agent and day. Marks are only ever set, so that samples which come late,
-- out of order or again need no look-up. Half a page leaves each row a place for its next version.
create table agent_uptime (
    agent_key integer primary key,
    day date not null,
    earlier integer not null generated always as (
        bit_count(substring(marks from 577 for 8352))::integer
    ) stored,
    marks bit(9216) not null
) with (fillfactor = 50);

-- Buckets are numbered from the epoch, 288 a day. The last 288 marks are those of `day`, the first
-- those of the day 31 days before. Rows go in by key, so that writers lock alike; an agent whose
-- buckets are all marked already is not locked.
create function mark_uptime() returns trigger
language plpgsql as $$
begin
    with sent as (
        select agent_key, (extract(epoch from bucket) / 300)::integer as number
        from (
            select distinct agent_key, time_bucket(interval '5 minutes', ts) as bucket
            from new_samples
        ) as bucket
    ),
    unmarked as (
        select
            sent.agent_key,
            sent.number,
            max(greatest(sent.number / 288, kept.day - date '1970-01-01'))
                over (partition by sent.agent_key) as day
        from sent
        left join agent_uptime as kept on kept.agent_key = sent.agent_key
        where kept.agent_key is null or substring(
            kept.marks from sent.number - 288 * (kept.day - date '1970-01-01' - 31) + 1 for 1
        ) <> B'1'
    )
    insert into agent_uptime as kept (agent_key, day, marks)
    select
        agent_key,
        date '1970-01-01' + day,
        bit_or(B'1'::bit(9216) >> (number - 288 * (day - 31)))
    from unmarked
    where number >= 288 * (day - 31)
    group by agent_key, day
    order by agent_key
    on conflict (agent_key) do update set
        day = greatest(kept.day, excluded.day),
        marks = (kept.marks << 288 * greatest(excluded.day - kept.day, 0))
            | (excluded.marks << 288 * greatest(kept.day - excluded.day, 0));
    return null;
end
$$;

create trigger mark_uptime
after insert on agent_samples
referencing new table as new_samples
for each statement execute function mark_uptime();

-- Samples that are stored already.
with sent as (
    select distinct
        agent_key,
        (extract(epoch from time_bucket(interval '5 minutes', ts)) / 300)::integer as number
    from agent_samples
),
newest as (
    select agent_key, max(number) / 288 as day from sent group by agent_key
)
insert into agent_uptime (agent_key, day, marks)
select
    agent_key,
    date '1970-01-01' + day,
    bit_or(B'1'::bit(9216) >> (number - 288 * (day - 31)))
from sent join newest using (agent_key)
where number >= 288 * (day - 31)
group by agent_key, day;

-- migrate:down

drop trigger mark_uptime on agent_samples;
drop function mark_uptime();
drop table agent_uptime;
