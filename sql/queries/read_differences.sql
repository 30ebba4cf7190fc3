-- Read the known differences of some levels in [start, stop).
select
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
    confirmed_at
from conservation_differences
where level = any(%(levels)s) and bucket >= %(start)s and bucket < %(stop)s
