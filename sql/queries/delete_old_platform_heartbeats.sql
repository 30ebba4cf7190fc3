-- Delete the minutes before a moment; the days keep their count. The very first minute stays, for
-- uptime is counted from it.
delete from platform_heartbeats
where
    minute < %(before)s
    and minute > (select min(minute) from platform_heartbeats)
