-- The buckets that samples reached late, for the next refresh. Buckets that ended a moment ago are
-- refreshed each time, late or not.
create or replace function note_late_buckets() returns trigger
language plpgsql as $$
begin
    insert into late_buckets (bucket)
    select distinct time_bucket(interval '5 minutes', ts)
    from new_samples
    where ts < now() - interval '10 minutes';
    return null;
end
$$;

create or replace trigger note_late_buckets
after insert on agent_samples
referencing new table as new_samples
for each statement execute function note_late_buckets();
