-- Read since when samples and each level are complete; null: without a limit.
select level, nullif(kept_since, '-infinity') as kept_since from conservation_levels
