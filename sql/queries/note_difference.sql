-- Record a difference as it was just seen.
insert into conservation_differences (
    level,
    bucket,
    stored_samples,
    stored_messages,
    stored_errors,
    platform_samples,
    platform_messages,
    platform_errors,
    seen_at,
    late_id,
    is_settled,
    looked_at,
    confirmed_at
)
values (
    %(level)s,
    %(bucket)s,
    %(stored_samples)s,
    %(stored_messages)s,
    %(stored_errors)s,
    %(platform_samples)s,
    %(platform_messages)s,
    %(platform_errors)s,
    %(seen_at)s,
    %(late_id)s,
    %(is_settled)s,
    clock_timestamp(),
    %(confirmed_at)s
)
on conflict (level, bucket) do update set
    stored_samples = excluded.stored_samples,
    stored_messages = excluded.stored_messages,
    stored_errors = excluded.stored_errors,
    platform_samples = excluded.platform_samples,
    platform_messages = excluded.platform_messages,
    platform_errors = excluded.platform_errors,
    seen_at = excluded.seen_at,
    late_id = excluded.late_id,
    is_settled = excluded.is_settled,
    looked_at = excluded.looked_at,
    confirmed_at = excluded.confirmed_at
