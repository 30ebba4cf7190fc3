-- Tell from when on hours are not aggregated: they are made of the finest level while they are read.
select hours_before from rollup_watermark
