create or replace function hypertable_of(relation text) returns regclass
language sql stable
return relation::regclass;
comment on function hypertable_of(text) is
    'The hypertable that stores a relation of samples or rollups.';

-- PL/pgSQL, because refresh_levels() is created later.
create or replace function aggregated_before(relation text) returns timestamptz
language plpgsql stable as $$
begin
    return (
        select case level.made_of
            when 'agent_samples' then least(level.watermark, held.watermark)
            else level.watermark
        end
        from refresh_levels() as level
        cross join rollup_watermark as held
        where level.made_of = aggregated_before.relation
    );
end
$$;
comment on function aggregated_before(text) is
    'Time before which all rows of a relation are aggregated in the next level, and may be dropped.';
