"""How much the writer takes up at once."""

MAX_GROUP = 1_000
LEAST_GROUP = 50
GROUP_SECONDS = 0.1


class Portion:
    """As many check-ins as took GROUP_SECONDS of late, so that in a storm nobody waits much longer."""

    def __init__(self) -> None:
        self.most = MAX_GROUP

    def note(self, weight: int, seconds: float) -> None:
        """Take note of how long a group of this weight took."""
        fits = MAX_GROUP if seconds <= 0 else int(GROUP_SECONDS / seconds * weight)
        self.most = min(max(fits, LEAST_GROUP), MAX_GROUP)
