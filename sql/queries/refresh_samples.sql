-- Aggregate all samples before a time; outside a transaction, because it commits its steps itself.
call refresh_samples(%(upto)s)
