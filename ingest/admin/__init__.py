"""Administration: everything in ingest outside the path of samples from Kafka to the database."""
