-- Marks of the 5-minute buckets with a sample, and the uptime that is computed from them.

-- Buckets are numbered from the epoch, 288 a day. The last 288 marks are those of `day`, the first
-- those of the day 31 days before. Most samples find their bucket marked in the short row, and write
-- nothing. keep_latest comes before, and holds the agent: the row that is read is the one that is met.
create or replace function mark_buckets(agent_keys integer[], numbers integer[]) returns void
language sql as $$
    with sent as (
        select agent_key, number
        from unnest(agent_keys, numbers) as sent (agent_key, number)
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
            kept.last_marks from sent.number - 288 * (kept.day - date '1970-01-01' - 1) + 1 for 1
        ) <> B'1'
    ),
    first as (
        select agent_key, min(number) as bucket from unmarked group by agent_key
    ),
    marked as (
        insert into agent_marks as kept (agent_key, day, marks)
        select
            agent_key,
            date '1970-01-01' + day,
            bit_or(case
                when number >= 288 * (day - 31) then B'1'::bit(9216) >> (number - 288 * (day - 31))
                else B'0'::bit(9216)
            end)
        from unmarked
        group by agent_key, day
        order by agent_key
        on conflict (agent_key) do update set
            day = excluded.day,
            marks = (kept.marks << 288 * (excluded.day - kept.day)) | excluded.marks
        returning agent_key, day, marks
    )
    insert into agent_uptime as kept (agent_key, first_bucket, day, earlier, totals, last_marks)
    select
        agent_key,
        first.bucket,
        day,
        bit_count(substring(marks from 577 for 8352)),
        array(
            select bit_count(substring(marks for 288 * days))
            from generate_series(1, 32) as days
            order by days
        ),
        substring(marks from 8641)
    from marked join first using (agent_key)
    order by agent_key
    on conflict (agent_key) do update set
        first_bucket = least(kept.first_bucket, excluded.first_bucket),
        day = excluded.day,
        earlier = excluded.earlier,
        totals = excluded.totals,
        last_marks = excluded.last_marks
$$;

create or replace function mark_uptime() returns trigger
language plpgsql as $$
begin
    perform mark_buckets(array_agg(agent_key), array_agg(number))
    from (
        select distinct agent_key, floor(date_part('epoch', ts) / 300)::integer as number
        from new_samples
    ) as sent;
    return null;
end
$$;

create or replace trigger mark_uptime
after insert on agent_samples
referencing new table as new_samples
for each statement execute function mark_uptime();
