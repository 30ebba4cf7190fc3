-- The summaries behind lists of the fleet, column by column.

comment on table agent_summary is
    'Each agent as a refresh saw it last, for lists of the whole fleet; of no agent after an erase.';
comment on column agent_summary.agent_key is 'The agent.';
comment on column agent_summary.state is 'Effective state: active, inactive, failed or removed.';
comment on column agent_summary.is_of_event is
    'Whether the newest status event put it there; else its samples did, or their end.';
comment on column agent_summary.since is 'When that state began.';
comment on column agent_summary.resumed_at is
    'First sample after the newest silence, stop or failure that a refresh has seen end; null without.';
comment on column agent_summary.first_ts is 'Time of its oldest sample; null without.';
comment on column agent_summary.ts is 'Time of its newest sample; null without.';
comment on column agent_summary.cpu is 'CPU percent of the newest sample.';
comment on column agent_summary.memory is 'Memory percent of the newest sample.';
comment on column agent_summary.storage_used_mb is 'Storage in use, of the newest sample that has it, MB.';
comment on column agent_summary.storage_total_mb is 'Storage there is, of the same sample, MB.';

comment on table agent_windows is
    'The part of the sums in agent_summary that is from before the watermark.';
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
                'Errors in them.');
            execute format('comment on column %I.%I is %L', relation, 'response_ms_sum_' || name,
                'Sum of response time times messages in them, ms.');
            execute format('comment on column %I.%I is %L', relation, 'response_messages_' || name,
                'Messages in them whose response time is known.');
        end loop;
    end loop;
end
$$;

comment on table agent_summary_run is 'When agent_summary and agent_windows were kept last, one row.';
comment on column agent_summary_run.only_row is 'Always true.';
comment on column agent_summary_run.kept_at is 'Moment that agent_summary shows, by the database''s clock.';
comment on column agent_summary_run.took is 'How long keeping it took.';
comment on column agent_summary_run.windows_at is 'Moment whose windows agent_windows has.';
comment on column agent_summary_run.windows_upto is 'The watermark then.';
comment on column agent_summary_run.active is 'Agents in agent_summary that are active.';
comment on column agent_summary_run.inactive is 'Those that are inactive.';
comment on column agent_summary_run.failed is 'Those that have failed.';
comment on column agent_summary_run.removed is 'Those that are removed.';

comment on view aggregated_5m is
    'What agent_metrics_5m has of samples from before the watermark, on either edition.';
comment on view aggregated_1h is
    'What agent_metrics_1h has of hours that have ended before the watermark, on either edition.';
comment on view aggregated_1d is
    'The same hours in agent_metrics_1d; the newest day may be in several rows.';

-- They have the columns of the relations behind them.
do $$
declare
    relation text;
    name text;
    says text;
begin
    foreach relation in array array['aggregated_5m', 'aggregated_1h', 'aggregated_1d'] loop
        for name, says in
            select attname, col_description(attrelid, attnum)
            from pg_attribute
            where attrelid = 'agent_metrics_5m'::regclass and attnum > 0 and not attisdropped
        loop
            execute format('comment on column %I.%I is %L', relation, name, says);
        end loop;
    end loop;
end
$$;
