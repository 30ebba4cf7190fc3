-- Tell before when days are aggregated: later ones are made of their hours while they are read.
select days_before from rollup_watermark
