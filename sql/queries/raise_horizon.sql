-- Record that a relation's chunks before a time are dropped, in the transaction that drops them.
insert into retention_horizons as kept (relation, dropped_before)
values (%(relation)s, %(range_end)s)
on conflict (relation) do update
set dropped_before = greatest(kept.dropped_before, excluded.dropped_before)
