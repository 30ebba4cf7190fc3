-- Record the outcome of a task; a failed one keeps the time of its last success.
insert into upkeep as kept (task, every, ran_at, succeeded_at, removed, failure)
values (
    %(task)s,
    %(every)s,
    %(now)s,
    case when %(failure)s::text is null then %(now)s::timestamptz end,
    %(removed)s,
    %(failure)s
)
on conflict (task) do update set
    every = excluded.every,
    ran_at = excluded.ran_at,
    succeeded_at = coalesce(excluded.succeeded_at, kept.succeeded_at),
    removed = excluded.removed,
    failure = excluded.failure
