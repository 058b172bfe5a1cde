"""How long is fuzzed: a moment with every test, and for an hour or so with `make fuzz`."""

from hypothesis import HealthCheck, settings

for _name, _examples in (("fuzz", 50_000), ("fuzz-day", 1_000_000)):
    settings.register_profile(
        _name,
        max_examples=_examples,
        deadline=None,
        suppress_health_check=list(HealthCheck),
    )
