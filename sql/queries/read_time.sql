-- Read the database's time.
select clock_timestamp()
