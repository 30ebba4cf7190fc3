"""Each alert rule of deploy/, fired by its cause."""
