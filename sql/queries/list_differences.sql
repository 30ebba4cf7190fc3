-- List all buckets with a confirmed or possible difference, oldest first.
select level, bucket from conservation_differences order by bucket, level
