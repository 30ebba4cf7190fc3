-- Delete the marks of agents that have been silent since before a day: all of them have left the
-- window of uptime, and the next sample begins a row. Rows that a writer holds are left for later.
delete from agent_marks
where agent_key in (
    select agent_key
    from agent_marks
    where day < (%(before)s::timestamptz at time zone 'UTC')::date
    for update skip locked
)
