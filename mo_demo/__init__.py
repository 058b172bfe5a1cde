"""The demonstration: our service next to a real identity broker, and the whole story."""
