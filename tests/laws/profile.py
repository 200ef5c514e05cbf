"""How laws are tried of which each example is dear."""

from hypothesis import Phase, settings

# A whole engine lives in each example: there is no time to make a broken one smaller.
whole_engine = settings(
    derandomize=True,
    database=None,
    deadline=None,
    max_examples=40,
    phases=(Phase.generate,),
    print_blob=False,
)
