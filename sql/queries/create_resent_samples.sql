-- Hold a batch in which some samples may be stored already.
create temporary table resent_samples (like agent_samples) on commit drop
