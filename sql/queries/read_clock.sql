-- Read the database's clock.
select clock_timestamp()
