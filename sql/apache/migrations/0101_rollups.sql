-- Sums of each agent's samples before the watermark, by 5 minutes, hours and UTC days. Queries read the
-- views agent_metrics_5m, agent_metrics_1h and agent_metrics_1d.

create table rollup_5m (
    like sample_sums,
    primary key (agent_key, bucket)
) with (fillfactor = 70);
alter table rollup_5m
    alter samples set not null,
    alter cpu_samples set not null,
    alter cpu_sum set not null,
    alter memory_samples set not null,
    alter memory_sum set not null,
    alter messages set not null,
    alter errors set not null,
    alter response_ms_sum set not null,
    alter response_messages set not null,
    alter up_buckets set not null;

create table rollup_1h (like rollup_5m including all) with (fillfactor = 70);
create table rollup_1d (like rollup_5m including all) with (fillfactor = 70);

select create_hypertable('rollup_5m', by_range('bucket', interval '7 days'), create_default_indexes => false);
select create_hypertable('rollup_1h', by_range('bucket', interval '7 days'), create_default_indexes => false);
select create_hypertable('rollup_1d', by_range('bucket', interval '90 days'), create_default_indexes => false);

-- For time ranges over all agents.
create index rollup_5m_by_time on rollup_5m using brin (bucket) with (autosummarize = on);
create index rollup_1h_by_time on rollup_1h using brin (bucket) with (autosummarize = on);
create index rollup_1d_by_time on rollup_1d using brin (bucket) with (autosummarize = on);
