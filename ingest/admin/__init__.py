"""Administration: everything that is not on the way of a sample from Kafka into the database."""
