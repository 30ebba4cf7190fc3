-- Delete the rows of one hour, before they are filled again in the same transaction; Apache edition.
with counts as (
    delete from platform_agents_1h where bucket >= %(start)s and bucket < %(start)s + interval '1 hour'
)
delete from rollup_1h where bucket >= %(start)s and bucket < %(start)s + interval '1 hour'
