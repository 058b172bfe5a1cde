"""The schema's history; one revision for each released step, run by ``mo-access db``."""
