-- Which hypertable a relation of samples or rollups is kept in.
create or replace function hypertable_of(relation text) returns regclass
language sql stable
return relation::regclass;
comment on function hypertable_of(text) is
    'The hypertable in which a relation of samples or rollups is kept.';

-- Refreshes of the rollups go by what is noted of them, and stay within their window.
create or replace function aggregated_before(relation text) returns timestamptz
language sql stable as $$
    select case when relation = 'agent_samples' then watermark else 'infinity' end
    from rollup_watermark
$$;
comment on function aggregated_before(text) is
    'Before when everything in a relation is aggregated in the next one, and may be dropped.';
