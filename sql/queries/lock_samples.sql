-- Wait for running writers of samples, and block others until this transaction ends.
lock table only agent_samples in share mode
