-- Delete the platform's rows of one hour, before they are filled again in the same transaction.
delete from platform_metrics_1h where bucket = %(start)s
