-- Tell up to where buckets are old enough to be refreshed; community edition.
select refresh_end()
