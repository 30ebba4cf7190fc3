-- List all buckets that are known to differ, or may, oldest first.
select level, bucket from conservation_differences order by bucket, level
