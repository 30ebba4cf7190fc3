"""The first stage: claims partitions and reads their records."""
