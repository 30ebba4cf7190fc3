-- Delete the rows of one UTC day, before they are filled again in the same transaction; Apache edition.
delete from rollup_1d where bucket >= %(start)s and bucket < %(start)s + interval '1 day'
