-- Comments on the summaries for lists of the fleet.

comment on table agent_summary is
    'Each agent as of the last refresh, for lists of the whole fleet; an erase deletes its row at once.';
comment on column agent_summary.agent_key is 'The agent.';
comment on column agent_summary.state is 'Effective state: active, inactive, failed or removed.';
comment on column agent_summary.is_of_event is
    'Whether the newest status event is the cause of the state; otherwise its samples are, or their end.';
comment on column agent_summary.since is 'When that state began.';
comment on column agent_summary.resumed_at is
    'First sample after the newest silence, stop or failure whose end a refresh has seen; null without.';
comment on column agent_summary.first_ts is 'Time of its oldest sample; null without.';
comment on column agent_summary.ts is 'Time of its newest sample; null without.';
comment on column agent_summary.cpu is 'CPU percent of the newest sample.';
comment on column agent_summary.memory is 'Memory percent of the newest sample.';
comment on column agent_summary.storage_used_mb is 'Storage in use in the newest sample that has it, MB.';
comment on column agent_summary.storage_total_mb is 'Storage capacity in the same sample, MB.';

comment on table agent_windows is
    'The part of the sums in agent_summary before the watermark.';
comment on column agent_windows.agent_key is 'The agent.';

do $$
declare
    relation text;
    name text;
begin
    foreach relation in array array['agent_summary', 'agent_windows'] loop
        foreach name in array array['15m', '1h', '24h'] loop
            execute format('comment on column %I.%I is %L', relation, 'messages_' || name,
                'Messages in the newest ' || name || ' of 5-minute buckets.');
            execute format('comment on column %I.%I is %L', relation, 'errors_' || name,
                'Errors in these buckets.');
            execute format('comment on column %I.%I is %L', relation, 'response_ms_sum_' || name,
                'Sum of response time times messages in these buckets, ms.');
            execute format('comment on column %I.%I is %L', relation, 'response_messages_' || name,
                'Messages with a known response time in these buckets.');
        end loop;
    end loop;
end
$$;

comment on table agent_summary_run is 'When agent_summary and agent_windows were last updated, one row.';
comment on column agent_summary_run.only_row is 'Always true.';
comment on column agent_summary_run.kept_at is 'Time of the state in agent_summary, by the database''s clock.';
comment on column agent_summary_run.took is 'How long the update took.';
comment on column agent_summary_run.windows_at is 'Time at which the windows in agent_windows end.';
comment on column agent_summary_run.windows_upto is 'The watermark at that time.';
comment on column agent_summary_run.active is 'Active agents in agent_summary.';
comment on column agent_summary_run.inactive is 'Inactive agents in agent_summary.';
comment on column agent_summary_run.failed is 'Failed agents in agent_summary.';
comment on column agent_summary_run.removed is 'Removed agents in agent_summary.';

comment on view aggregated_5m is
    'Rows of agent_metrics_5m for the samples before the watermark, on both editions.';
comment on view aggregated_1h is
    'Rows of agent_metrics_1h for the hours that ended before the watermark, on both editions.';
comment on view aggregated_1d is
    'Rows of agent_metrics_1d for the same hours; the newest day may be in several rows.';

-- The views have the columns of the relations behind them.
do $$
declare
    relation text;
    name text;
    description text;
begin
    foreach relation in array array['aggregated_5m', 'aggregated_1h', 'aggregated_1d'] loop
        for name, description in
            select attname, col_description(attrelid, attnum)
            from pg_attribute
            where attrelid = 'agent_metrics_5m'::regclass and attnum > 0 and not attisdropped
        loop
            execute format('comment on column %I.%I is %L', relation, name, description);
        end loop;
    end loop;
end
$$;
