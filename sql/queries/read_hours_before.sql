-- Read from when on hours are not aggregated: queries compute those from the finest level.
select hours_before from rollup_watermark
