"""What is kept and how often one may ask."""

from mo_web.kept import Budget


class Clock:
    """A clock that a test moves."""

    now = 1000.0

    def __call__(self) -> float:
        """Return the time in seconds."""
        return self.now


def test_a_budget_refills_with_time() -> None:
    """Five a minute: the sixth waits."""
    clock = Clock()
    budget = Budget(5, 60.0, clock)
    assert [budget.take() for _ in range(6)] == [True] * 5 + [False]
    clock.now += 12
    assert [budget.take(), budget.take()] == [True, False]
