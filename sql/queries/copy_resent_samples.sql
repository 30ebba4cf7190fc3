-- Fill the temporary table with samples that may be duplicates.
copy resent_samples (
    ts, agent_key, messages, errors, cpu, memory, response_ms, storage_used_mb, storage_total_mb
) from stdin (format binary)
