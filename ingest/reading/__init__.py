"""The first stage: which partitions this process has, and their records."""
