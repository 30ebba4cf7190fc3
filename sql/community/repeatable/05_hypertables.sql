-- Which hypertable a relation of samples or rollups is kept in.
create or replace function hypertable_of(relation text) returns regclass
language sql stable
return relation::regclass;
comment on function hypertable_of(text) is
    'The hypertable in which a relation of samples or rollups is kept.';

-- In PL/pgSQL, for refresh_levels() is made after this.
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
    'Before when everything in a relation is aggregated in the next one, and may be dropped.';
