"""What one transaction holds while it lasts."""

import gc
import weakref
from typing import cast

from tests.engine.test_tuning import BEGINS, CONFIGURATION
from tocsin.engine.book import Book, RuleBook
from tocsin.engine.draft import Draft
from tocsin.store.base import Writing
from tocsin.store.fleeting import FleetingWriting


def test_a_transaction_is_let_go_of_as_soon_as_it_is_done_with() -> None:
    book = Book(configuration=CONFIGURATION, version=1, rule_book=RuleBook(CONFIGURATION.rules))
    gc.disable()
    try:
        draft = Draft(cast("Writing", FleetingWriting()), book, BEGINS, lambda: "an-id")
        held = weakref.ref(draft)
        del draft
        assert held() is None, "it goes in circles, so that only a collection lets go of it"
    finally:
        gc.enable()
