"""The roof and what an operator needs to run it."""
