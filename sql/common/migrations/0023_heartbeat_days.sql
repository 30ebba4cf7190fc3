-- migrate:up

-- Heartbeats are counted by the day, so that 30 days of them are not read one by one.
create table platform_heartbeat_days (
    day date primary key,
    minutes integer not null
) with (fillfactor = 50);

create function count_heartbeats() returns trigger
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

create trigger count_heartbeats
after insert on platform_heartbeats
referencing new table as new_heartbeats
for each statement execute function count_heartbeats();

insert into platform_heartbeat_days (day, minutes)
select (minute at time zone 'UTC')::date as day, count(*) from platform_heartbeats group by day;

-- migrate:down

drop trigger count_heartbeats on platform_heartbeats;
drop function count_heartbeats();
drop table platform_heartbeat_days;
