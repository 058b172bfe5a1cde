"""Values and rules in plain Python: no storage, no protocol, no clock of its own."""
