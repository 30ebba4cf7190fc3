-- Wait for the writers of samples that are under way, and keep others out until this transaction ends.
lock table only agent_samples in share mode
