-- Tell up to where buckets are refreshed, for they lie before the watermark; community edition.
select refresh_end()
