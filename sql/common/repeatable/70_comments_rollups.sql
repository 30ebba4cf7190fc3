-- Comments on the columns that all levels share, on both editions.

do $$
declare
    relation text;
begin
    foreach relation in array array[
        'agent_metrics_5m', 'agent_metrics_1h', 'agent_metrics_1d', 'platform_metrics_1h'
    ] loop
        execute format('comment on column %I.bucket is %L', relation, 'Start of the bucket, UTC.');
        execute format('comment on column %I.samples is %L', relation, 'Number of samples.');
        execute format('comment on column %I.cpu_samples is %L', relation,
            'Number of samples that have CPU.');
        execute format('comment on column %I.cpu_sum is %L', relation,
            'Sum of the samples'' CPU percent; divide by cpu_samples for the mean.');
        execute format('comment on column %I.cpu_max is %L', relation,
            'Highest CPU percent; null if no sample has it.');
        execute format('comment on column %I.memory_samples is %L', relation,
            'Number of samples that have memory.');
        execute format('comment on column %I.memory_sum is %L', relation,
            'Sum of the samples'' memory percent; divide by memory_samples for the mean.');
        execute format('comment on column %I.memory_max is %L', relation,
            'Highest memory percent; null if no sample has it.');
        execute format('comment on column %I.messages is %L', relation, 'Messages processed.');
        execute format('comment on column %I.errors is %L', relation, 'Errors.');
        execute format('comment on column %I.response_ms_sum is %L', relation,
            'Sum of response time times messages, ms; divide by response_messages for the mean.');
        execute format('comment on column %I.response_messages is %L', relation,
            'Messages with a known response time.');
    end loop;
    foreach relation in array array['agent_metrics_5m', 'agent_metrics_1h', 'agent_metrics_1d'] loop
        execute format('comment on column %I.up_buckets is %L', relation,
            'Number of 5-minute buckets with a sample.');
        execute format('comment on column %I.agent_key is %L', relation, 'The agent.');
    end loop;
end
$$;
