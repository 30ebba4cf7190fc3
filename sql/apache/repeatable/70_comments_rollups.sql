-- What the levels hold, which are views here; their columns are explained for both editions.

comment on view agent_metrics_5m is 'Samples of each agent in buckets of 5 minutes.';
comment on view agent_metrics_1h is 'Samples of each agent in buckets of 1 hour.';
comment on view agent_metrics_1d is 'Samples of each agent in buckets of 1 UTC day.';

do $$
declare
    relation text;
    name text;
    says text;
begin
    foreach relation in array array['rollup_5m', 'rollup_1h', 'rollup_1d', 'rollup_tail', 'rollup_open'] loop
        for name, says in
            select attname, col_description(attrelid, attnum)
            from pg_attribute
            where attrelid = 'agent_metrics_5m'::regclass and attnum > 0
        loop
            execute format('comment on column %I.%I is %L', relation, name, says);
        end loop;
    end loop;
end
$$;

comment on table rollup_5m is
    'What agent_metrics_5m has of samples from before the watermark.';
comment on table rollup_1h is
    'What agent_metrics_1h has of hours that are aggregated, rollup_watermark.hours_before.';
comment on table rollup_1d is
    'What agent_metrics_1d has of hours that are aggregated, rollup_watermark.hours_before.';
comment on view rollup_open is
    'What agent_metrics_1h has of hours that are not aggregated yet; ask for agents by their key.';
comment on view rollup_tail is
    'What agent_metrics_5m has of samples from the watermark on; ask for agents by their key.';
