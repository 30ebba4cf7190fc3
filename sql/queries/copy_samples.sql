-- Store samples that are all new; a duplicate fails the whole statement.
copy agent_samples (
    ts, agent_key, messages, errors, cpu, memory, response_ms, storage_used_mb, storage_total_mb
) from stdin (format binary)
