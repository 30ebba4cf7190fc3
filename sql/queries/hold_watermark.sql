-- Lock the watermark until the transaction ends, for samples from `oldest` on; return it in microseconds
-- since 1970.
select (extract(epoch from watermark) * 1000000)::bigint
from hold_watermark((%(oldest)s::timestamptz[])[1])
