-- Counts the minutes of each day in which ingest ran.
create or replace function count_heartbeats() returns trigger
language plpgsql as $$
begin
    insert into platform_heartbeat_days as kept (day, minutes)
    select (minute at time zone 'UTC')::date as day, count(*)
    from new_heartbeats
    group by day
    order by day
    on conflict (day) do update set minutes = kept.minutes + excluded.minutes;
    return null;
end
$$;

create or replace trigger count_heartbeats
after insert on platform_heartbeats
referencing new table as new_heartbeats
for each statement execute function count_heartbeats();
