"""The conservation check: compares each level with the platform's rows, which writers update."""
