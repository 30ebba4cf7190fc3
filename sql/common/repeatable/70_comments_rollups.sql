-- Comments on the columns that all levels share, on both editions.

do $$
declare
    relation text;
    gauge text;
begin
    foreach relation in array array[
        'agent_metrics_5m', 'agent_metrics_1h', 'agent_metrics_1d', 'platform_metrics_1h'
    ] loop
        execute format('comment on column %I.bucket is %L', relation, 'Start of the bucket, UTC.');
        execute format('comment on column %I.samples is %L', relation, 'Number of samples.');
        -- Each gauge has three columns, named after it.
        for gauge in
            select left(attname, -length('_max'))
            from pg_attribute
            where attrelid = relation::regclass and attname like '%\_max' and not attisdropped
        loop
            execute format('comment on column %I.%I is %L', relation, gauge || '_samples',
                'Number of samples that have ' || gauge || '.');
            execute format('comment on column %I.%I is %L', relation, gauge || '_sum',
                'Sum of ' || gauge || ' over the samples; divide by ' || gauge
                || '_samples for the mean.');
            execute format('comment on column %I.%I is %L', relation, gauge || '_max',
                'Highest ' || gauge || '; null if no sample has it.');
        end loop;
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
