"""The order that the outbox keeps, in every store, against a little model of it."""

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.contracts.kept import LEASE, NOON, changed, owed, tried
from tocsin.store.base import Store
from tocsin.store.rows import Notification, NotificationState

Step = tuple[str, int, int]


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(
    steps=st.lists(
        st.tuples(
            st.sampled_from(["enqueue", "claim", "sent", "retry", "dead", "cancel"]),
            st.integers(0, 2),
            st.integers(1, 4),
        ),
        max_size=25,
    )
)
def test_whatever_happens_only_the_first_unfinished_of_an_alert_and_target_is_claimed(
    store: Store, steps: list[Step]
) -> None:
    """A little model of the outbox, in memory, tells which one may be claimed."""
    unfinished: dict[str, Notification] = {}
    leased: list[Notification] = []
    ends = {
        "sent": NotificationState.SENT,
        "dead": NotificationState.DEAD,
        "retry": NotificationState.PENDING,
    }
    writing = store.writing()
    writing.begin()
    for number, (step, alert, seq) in enumerate(steps):
        if step == "enqueue":
            one = owed(f"k{number}", alert_id=f"a{alert}", seq=seq, kind="repeat" if seq == 3 else "firing")
            writing.enqueue([one])
            unfinished[one.key] = one
        elif step == "claim":
            ready = {one.key for one in heads(unfinished) if one.state is NotificationState.PENDING}
            taken = writing.claim(NOON, lease_for=LEASE, limit=100, busy=())
            assert {one.key for one in taken} == ready
            leased += taken
            unfinished |= {one.key: one for one in taken}
        elif step == "cancel":
            pending = [
                one
                for one in unfinished.values()
                if (one.alert_id, one.kind, one.state) == (f"a{alert}", "repeat", NotificationState.PENDING)
            ]
            assert writing.cancel(f"a{alert}", ["repeat"], NOON) == len(pending)
            for one in pending:
                del unfinished[one.key]
        elif leased:
            one = leased.pop(0)
            assert writing.finish([tried(one, ends[step])]) == {one.key}
            del unfinished[one.key]
            if step == "retry":
                unfinished[one.key] = changed(one, state=NotificationState.PENDING)
    writing.rollback()


def heads(unfinished: dict[str, Notification]) -> list[Notification]:
    """Return the first of each alert and target: the lowest number, then the one enqueued earlier."""
    first: dict[tuple[str, str], Notification] = {}
    for one in sorted(unfinished.values(), key=lambda n: (n.seq, int(n.key[1:]))):
        first.setdefault((one.alert_id, one.target), one)
    return list(first.values())
