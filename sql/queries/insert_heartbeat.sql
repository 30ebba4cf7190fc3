-- Record that ingest runs in the current minute of the database's clock.
insert into platform_heartbeats (minute)
values (date_trunc('minute', clock_timestamp(), 'UTC'))
on conflict (minute) do nothing
