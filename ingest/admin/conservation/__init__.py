"""The conservation check: every level sums to the platform's rows, which the writer keeps apart."""
