"""A real browser for tests and pictures of the page."""
