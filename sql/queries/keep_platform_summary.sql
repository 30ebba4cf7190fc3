-- Count the fleet anew for readers.
select keep_platform_summary()
