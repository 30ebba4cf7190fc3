"""The agent's side: samples of this machine, sent to Kafka."""
