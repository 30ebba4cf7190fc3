-- Views for analysts and Grafana: the tables with text ids, averages beside the sums, and a column
-- `time`. The first of two attempts replaces the views, which keeps grants and dependent objects. It
-- fails if a view's columns have changed; the second attempt then drops and recreates the views.
-- A left join, so that the planner can skip it if a query needs no text id.
-- A migration that changes a column of a view drops the view first; this file recreates it.

do $$
begin
    for attempt in 1..2 loop
        begin
            create or replace view samples as
            select
                s.ts as time,
                a.user_id,
                a.agent_id,
                s.agent_key,
                s.cpu,
                s.memory,
                s.messages,
                s.errors,
                s.response_ms,
                s.storage_used_mb,
                s.storage_total_mb
            from agent_samples as s
            left join agents as a on a.agent_key = s.agent_key;

            create or replace view metrics_24h as
            select
                m.bucket as time,
                a.user_id,
                a.agent_id,
                m.agent_key,
                m.samples,
                m.cpu_sum / nullif(m.cpu_samples, 0) as cpu_avg,
                m.cpu_max,
                m.memory_sum / nullif(m.memory_samples, 0) as memory_avg,
                m.memory_max,
                m.messages,
                m.errors,
                case
                    when m.messages > 0 then least(100.0 * m.errors / m.messages, 100)
                    when m.errors > 0 then 100
                end::double precision as error_percent,
                m.response_ms_sum / nullif(m.response_messages, 0) as response_ms_avg,
                m.cpu_samples,
                m.cpu_sum,
                m.memory_samples,
                m.memory_sum,
                m.response_ms_sum,
                m.response_messages,
                m.up_buckets
            from agent_metrics_5m as m
            left join agents as a on a.agent_key = m.agent_key;

            create or replace view metrics_7d as
            select
                m.bucket as time,
                a.user_id,
                a.agent_id,
                m.agent_key,
                m.samples,
                m.cpu_sum / nullif(m.cpu_samples, 0) as cpu_avg,
                m.cpu_max,
                m.memory_sum / nullif(m.memory_samples, 0) as memory_avg,
                m.memory_max,
                m.messages,
                m.errors,
                case
                    when m.messages > 0 then least(100.0 * m.errors / m.messages, 100)
                    when m.errors > 0 then 100
                end::double precision as error_percent,
                m.response_ms_sum / nullif(m.response_messages, 0) as response_ms_avg,
                m.cpu_samples,
                m.cpu_sum,
                m.memory_samples,
                m.memory_sum,
                m.response_ms_sum,
                m.response_messages,
                m.up_buckets
            from agent_metrics_1h as m
            left join agents as a on a.agent_key = m.agent_key;

            create or replace view metrics_30d as
            select
                m.bucket as time,
                a.user_id,
                a.agent_id,
                m.agent_key,
                m.samples,
                m.cpu_sum / nullif(m.cpu_samples, 0) as cpu_avg,
                m.cpu_max,
                m.memory_sum / nullif(m.memory_samples, 0) as memory_avg,
                m.memory_max,
                m.messages,
                m.errors,
                case
                    when m.messages > 0 then least(100.0 * m.errors / m.messages, 100)
                    when m.errors > 0 then 100
                end::double precision as error_percent,
                m.response_ms_sum / nullif(m.response_messages, 0) as response_ms_avg,
                m.cpu_samples,
                m.cpu_sum,
                m.memory_samples,
                m.memory_sum,
                m.response_ms_sum,
                m.response_messages,
                m.up_buckets
            from agent_metrics_1d as m
            left join agents as a on a.agent_key = m.agent_key;

            -- Grouped by the hour alone, so that a time range is pushed down to the table.
            create or replace view fleet_1h as
            select
                bucket as time,
                sum(samples)::bigint as samples,
                sum(cpu_sum) / nullif(sum(cpu_samples), 0)::double precision as cpu_avg,
                max(cpu_max) as cpu_max,
                sum(memory_sum) / nullif(sum(memory_samples), 0)::double precision as memory_avg,
                max(memory_max) as memory_max,
                sum(messages)::bigint as messages,
                sum(errors)::bigint as errors,
                case
                    when sum(messages) > 0 then least(100 * sum(errors) / sum(messages), 100)
                    when sum(errors) > 0 then 100
                end::double precision as error_percent,
                sum(response_ms_sum) / nullif(sum(response_messages), 0)::double precision
                    as response_ms_avg,
                sum(cpu_samples)::bigint as cpu_samples,
                sum(cpu_sum) as cpu_sum,
                sum(memory_samples)::bigint as memory_samples,
                sum(memory_sum) as memory_sum,
                sum(response_ms_sum) as response_ms_sum,
                sum(response_messages)::bigint as response_messages
            from platform_metrics_1h
            group by bucket;

            -- Not agent_newest: this groups after the join with agents, so that a query for a user's
            -- agents reads only their samples. With agent_newest, which groups before the join, it
            -- took 54 ms instead of 4 at 10,000 agents.
            create or replace view agents_now as
            select
                coalesce(tail.ts, latest.ts) as time,
                tail.user_id,
                tail.agent_id,
                tail.agent_key,
                case
                    when s.status is null or coalesce(tail.ts, latest.ts) > s.running_after
                    then 'running'
                    when s.running_after = 'infinity' then 'removed'
                    else s.status
                end as state,
                s.status,
                s.ts as status_time,
                s.reason as status_reason,
                least(latest.first_ts, tail.first_ts) as first_seen,
                case when tail.ts is null then latest.cpu else tail.cpu end as cpu,
                case when tail.ts is null then latest.memory else tail.memory end as memory,
                coalesce(tail.storage_ts, latest.storage_ts) as storage_time,
                coalesce(tail.storage_used_mb, latest.storage_used_mb) as storage_used_mb,
                coalesce(tail.storage_total_mb, latest.storage_total_mb) as storage_total_mb,
                100 * coalesce(tail.storage_used_mb, latest.storage_used_mb)::double precision
                    / nullif(coalesce(tail.storage_total_mb, latest.storage_total_mb), 0)
                    as storage_percent
            from (
                select
                    agents.agent_key,
                    user_id,
                    agent_id,
                    min(ts) as first_ts,
                    max(ts) as ts,
                    last(cpu, ts) as cpu,
                    last(memory, ts) as memory,
                    max(ts) filter (
                        where storage_used_mb is not null and storage_total_mb is not null
                    ) as storage_ts,
                    last(storage_used_mb, ts) filter (
                        where storage_used_mb is not null and storage_total_mb is not null
                    ) as storage_used_mb,
                    last(storage_total_mb, ts) filter (
                        where storage_used_mb is not null and storage_total_mb is not null
                    ) as storage_total_mb
                from agents
                left join agent_samples
                    on agent_samples.agent_key = agents.agent_key
                    and ts >= (select watermark from rollup_watermark)
                group by agents.agent_key, user_id, agent_id
            ) as tail
            left join agent_latest as latest on latest.agent_key = tail.agent_key
            left join agent_states as s on s.agent_key = tail.agent_key;
            exit;
        exception when invalid_table_definition then
            if attempt = 2 then
                raise;
            end if;
            drop view if exists
                samples, metrics_24h, metrics_7d, metrics_30d, fleet_1h, agents_now;
        end;
    end loop;
end
$$;

do $$
declare
    relation text;
begin
    foreach relation in array array[
        'samples', 'metrics_24h', 'metrics_7d', 'metrics_30d', 'agents_now'
    ] loop
        execute format('comment on column %I.user_id is %L', relation,
            'User the agent belongs to.');
        execute format('comment on column %I.agent_id is %L', relation,
            'The agent''s own id, unique within its user.');
        execute format('comment on column %I.agent_key is %L', relation,
            'Short key of the agent, as in agents; filter by it for fast queries.');
    end loop;
    foreach relation in array array['metrics_24h', 'metrics_7d', 'metrics_30d', 'fleet_1h'] loop
        execute format('comment on column %I.time is %L', relation,
            'Start of the bucket, UTC; the newest bucket is incomplete.');
        execute format('comment on column %I.samples is %L', relation, 'Number of samples.');
        execute format('comment on column %I.cpu_avg is %L', relation,
            'Mean CPU percent of the samples that have it; null if none has.');
        execute format('comment on column %I.cpu_max is %L', relation,
            'Highest CPU percent; null if no sample has it.');
        execute format('comment on column %I.memory_avg is %L', relation,
            'Mean memory percent of the samples that have it; null if none has.');
        execute format('comment on column %I.memory_max is %L', relation,
            'Highest memory percent; null if no sample has it.');
        execute format('comment on column %I.messages is %L', relation, 'Messages processed.');
        execute format('comment on column %I.errors is %L', relation, 'Errors.');
        execute format('comment on column %I.error_percent is %L', relation,
            'Errors in percent of the messages, at most 100; 100 with errors but no messages; '
            'null with neither.');
        execute format('comment on column %I.response_ms_avg is %L', relation,
            'Mean response time of the messages, ms; null if no sample has it.');
        execute format('comment on column %I.cpu_samples is %L', relation,
            'Number of samples that have CPU.');
        execute format('comment on column %I.cpu_sum is %L', relation,
            'Sum of the samples'' CPU percent; for the mean of any range, divide sums by cpu_samples.');
        execute format('comment on column %I.memory_samples is %L', relation,
            'Number of samples that have memory.');
        execute format('comment on column %I.memory_sum is %L', relation,
            'Sum of the samples'' memory percent; divide by memory_samples.');
        execute format('comment on column %I.response_ms_sum is %L', relation,
            'Sum of response time times messages, ms; divide by response_messages.');
        execute format('comment on column %I.response_messages is %L', relation,
            'Messages with a known response time.');
    end loop;
    foreach relation in array array['metrics_24h', 'metrics_7d', 'metrics_30d'] loop
        execute format('comment on column %I.up_buckets is %L', relation,
            'Number of 5-minute buckets with a sample.');
    end loop;
end
$$;

comment on view samples is 'Every sample, with the ids of its agent.';
comment on column samples.time is 'When the sample was taken.';
comment on column samples.cpu is
    'Percent of the CPU the agent may use, 0 to 100; null if unknown.';
comment on column samples.memory is
    'Percent of the memory the agent may use, 0 to 100; null if unknown.';
comment on column samples.messages is 'Messages processed since the previous sample.';
comment on column samples.errors is 'Errors since the previous sample.';
comment on column samples.response_ms is
    'Mean response time of those messages, ms; null if unknown.';
comment on column samples.storage_used_mb is 'Storage in use, MB; null if unknown.';
comment on column samples.storage_total_mb is 'Storage capacity, MB; null if unknown.';

comment on view metrics_24h is 'Each agent in buckets of 5 minutes: for ranges of about a day.';
comment on view metrics_7d is 'Each agent in buckets of 1 hour: for ranges of about a week.';
comment on view metrics_30d is 'Each agent in buckets of 1 UTC day: for ranges of a month and more.';
comment on view fleet_1h is 'All agents together in buckets of 1 hour: for totals of any range.';

comment on view agents_now is 'Each agent: newest sample, newest status, state, storage.';
comment on column agents_now.time is
    'Time of the newest sample; null for an agent that only sent a status.';
comment on column agents_now.state is
    'Effective state: running, stopped, failed or removed. The newest status, or running if there is '
    'none; a sample more than 30 seconds newer than stopped or failed makes it running; removed lasts '
    'until running.';
comment on column agents_now.status is 'Newest status that was sent; null if none was.';
comment on column agents_now.status_time is 'When the agent reached that status.';
comment on column agents_now.status_reason is 'Reason given by the sender; null without.';
comment on column agents_now.first_seen is 'Time of the oldest sample.';
comment on column agents_now.cpu is 'CPU percent of the newest sample; null without.';
comment on column agents_now.memory is 'Memory percent of the newest sample; null without.';
comment on column agents_now.storage_time is 'Time of the newest sample that has storage.';
comment on column agents_now.storage_used_mb is 'Storage in use at storage_time, MB.';
comment on column agents_now.storage_total_mb is 'Storage capacity at storage_time, MB.';
comment on column agents_now.storage_percent is 'Storage in use at storage_time, percent.';

-- `agents` too: fast queries look up a user's keys in it.
do $$
begin
    if exists (select from pg_roles where rolname = 'fleetgauge_analyst') then
        grant usage on schema public to fleetgauge_analyst;
        grant select on
            agents, samples, metrics_24h, metrics_7d, metrics_30d, fleet_1h, agents_now
        to fleetgauge_analyst;
    end if;
end
$$;
