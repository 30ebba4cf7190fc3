-- Tell before when retention has dropped chunks of each relation; no row where it never has.
select relation, dropped_before from retention_horizons
