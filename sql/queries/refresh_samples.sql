-- Aggregate all samples before a moment; outside a transaction, for it commits its steps itself.
call refresh_samples(%(upto)s)
