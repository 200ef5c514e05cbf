"""What every test may ask for."""

from hypothesis import settings

pytest_plugins = ("tests.services.browser", "tests.services.postgres")

# No deadline for one example: how long it takes says more about the neighbours of this machine than about us.
settings.register_profile("house", deadline=None, print_blob=True)
settings.load_profile("house")
