-- Delete the 5-minute rows of one hour, before they are filled again in the same transaction; Apache edition.
delete from rollup_5m where bucket >= %(start)s and bucket < %(start)s + interval '1 hour'
