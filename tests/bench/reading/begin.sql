-- Set the watermark of a live fleet: 30 seconds ago.
update rollup_watermark set (frontier, watermark, hours_before) = (
    now() - interval '30 seconds',
    now() - interval '30 seconds',
    date_trunc('hour', now() - interval '30 seconds', 'UTC')
);
