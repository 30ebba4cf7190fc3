"""What the tests share: parts to run them on, doubles, and data."""
