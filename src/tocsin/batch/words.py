"""Values and counts in the words of what people are told."""


def a_kind(value: object) -> str:
    """Return what kind of value it is: `an int`, `a list`."""
    name = type(value).__name__
    return f"{'an' if name[0] in 'aeiouAEIOU' else 'a'} {name}"


def counted(count: int, noun: str = "record") -> str:
    """Return how many there are: `1 record`, `3,000 records`."""
    return f"{count:,} {noun}" if count == 1 else f"{count:,} {noun}s"
