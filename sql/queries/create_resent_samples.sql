-- Create a temporary table for a batch that may contain duplicates.
create temporary table resent_samples (like agent_samples) on commit drop
