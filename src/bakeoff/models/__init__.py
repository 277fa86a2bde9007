"""Networks, what builds them by name, and what can be said of them untrained."""
