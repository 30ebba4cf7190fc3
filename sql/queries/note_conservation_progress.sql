-- Record the day of the past that was compared, and whether it was the oldest.
insert into conservation_progress as kept (day, looked_at, took, passed_at)
values (
    %(day)s, now(), make_interval(secs => %(took_s)s), case when %(is_oldest)s then now() end
)
on conflict (only_row) do update set
    day = excluded.day,
    looked_at = excluded.looked_at,
    took = excluded.took,
    passed_at = coalesce(excluded.passed_at, kept.passed_at)
