-- Delete the minutes before a time; the counts by day stay. The first minute of all stays, because uptime
-- is counted from it.
delete from platform_heartbeats
where
    minute < %(before)s
    and minute > (select min(minute) from platform_heartbeats)
