"""What keeps the faults of one step from the others: it costs itself alone, and leaves nothing half done."""

from tocsin.errors import StoreError, StoreUnreadable


def is_of_the_store(error: Exception) -> bool:
    """Whether an error is the store's, which concerns the whole transaction, and not that of one step."""
    return isinstance(error, StoreError) and not isinstance(error, StoreUnreadable)
