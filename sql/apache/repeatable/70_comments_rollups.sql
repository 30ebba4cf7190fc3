-- Comments on the levels, which are views on this edition.

comment on view agent_metrics_5m is 'Samples of each agent in buckets of 5 minutes.';
comment on view agent_metrics_1h is 'Samples of each agent in buckets of 1 hour.';
comment on view agent_metrics_1d is 'Samples of each agent in buckets of 1 UTC day.';

do $$
declare
    relation text;
    name text;
    description text;
begin
    foreach relation in array array['rollup_5m', 'rollup_1h', 'rollup_1d', 'rollup_tail', 'rollup_open'] loop
        for name, description in
            select attname, col_description(attrelid, attnum)
            from pg_attribute
            where attrelid = 'agent_metrics_5m'::regclass and attnum > 0
        loop
            execute format('comment on column %I.%I is %L', relation, name, description);
        end loop;
    end loop;
end
$$;

comment on table rollup_5m is
    'Rows of agent_metrics_5m for the samples before the watermark.';
comment on table rollup_1h is
    'Rows of agent_metrics_1h for the aggregated hours, those before rollup_watermark.hours_before.';
comment on table rollup_1d is
    'Rows of agent_metrics_1d for the aggregated hours, those before rollup_watermark.hours_before.';
comment on view rollup_open is
    'Rows of agent_metrics_1h for the hours that are not aggregated yet; filter by agent_key.';
comment on view rollup_tail is
    'Rows of agent_metrics_5m for the samples from the watermark on; filter by agent_key.';
