-- Update platform_summary, for readers.
select keep_platform_summary()
