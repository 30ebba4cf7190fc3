-- migrate:up

-- When each six hours of the refresh window were last gone over, and how long that took. The row of
-- `infinity` is the newest buckets'.
create table metrics_refreshes (
    start timestamptz primary key,
    refreshed_at timestamptz not null,
    took interval not null
) with (fillfactor = 50);

-- Buckets that samples reached late, for the next refresh to work them out anew. TimescaleDB notes
-- that too, as one range for all of a transaction: with one sample of yesterday among those of now
-- it is a day of the whole fleet. No key but a number: writers never wait for each other here.
create table late_buckets (
    id bigint generated always as identity primary key,
    bucket timestamptz not null
);
create index late_buckets_by_time on late_buckets (bucket);

-- What ended a moment ago is refreshed each time, late or not.
create function note_late_buckets() returns trigger
language plpgsql as $$
begin
    insert into late_buckets (bucket)
    select distinct time_bucket(interval '5 minutes', ts)
    from new_samples
    where ts < now() - interval '10 minutes';
    return null;
end
$$;

create trigger note_late_buckets
after insert on agent_samples
referencing new table as new_samples
for each statement execute function note_late_buckets();

-- migrate:down

drop trigger note_late_buckets on agent_samples;
drop function note_late_buckets();
drop table late_buckets;
drop table metrics_refreshes;
