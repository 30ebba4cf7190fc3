-- Tell since when samples and each rollup are kept as a whole; null: for good.
select level, nullif(kept_since, '-infinity') as kept_since from conservation_levels
