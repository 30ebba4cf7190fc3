create or replace function hypertable_of(relation text) returns regclass
language sql stable
return case relation
    when 'agent_metrics_5m' then 'rollup_5m'
    when 'agent_metrics_1h' then 'rollup_1h'
    when 'agent_metrics_1d' then 'rollup_1d'
    else relation
end::regclass;
comment on function hypertable_of(text) is
    'The hypertable that stores a relation of samples or rollups.';

create or replace function aggregated_before(relation text) returns timestamptz
language sql stable as $$
    select case relation
        when 'agent_samples' then watermark
        when 'agent_metrics_5m' then hours_before
        when 'agent_metrics_1h' then hours_before
    end
    from rollup_watermark
$$;
comment on function aggregated_before(text) is
    'Time before which all rows of a relation are aggregated in the next level, and may be dropped.';
