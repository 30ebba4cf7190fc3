-- Read the edition: 'apache' or 'timescale'.
select current_setting('timescaledb.license', true)
