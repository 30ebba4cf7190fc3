-- Drop one chunk of a hypertable, by its range.
select drop_chunks(
    hypertable_of(%(relation)s), older_than => %(range_end)s, newer_than => %(range_start)s
)
