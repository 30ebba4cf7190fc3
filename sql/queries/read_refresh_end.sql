-- Read the time up to which buckets are refreshed, because they are before the watermark; community edition.
select refresh_end()
