-- Delete the rows of one hour, to be filled again in the same transaction; Apache edition.
delete from rollup_1h where bucket >= %(start)s and bucket < %(start)s + interval '1 hour'
