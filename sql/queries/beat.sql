-- Say that ingest ran in this minute.
insert into platform_heartbeats (minute)
values (date_trunc('minute', %(now)s::timestamptz, 'UTC'))
on conflict (minute) do nothing
