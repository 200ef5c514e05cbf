"""How many may be under way, and that those who hang take nothing from those who do not."""

from tocsin.engine.lanes import ALL_ROOM, AT_ONCE, QUICK_ROOM, SLOW_SECONDS, TRIED_ROOM, Lanes, Trip

TARGETS = [f"r{number}/webhook" for number in range(200)]


def usual(_target: str) -> int:
    return AT_ONCE


def known(lanes: Lanes, *targets: str) -> None:
    """Let each of these have had a quick delivery."""
    for target in targets:
        lanes.end(lanes.begin(target, 0.0), 0.1)


def test_of_whom_nothing_is_known_has_one_delivery_at_a_time() -> None:
    lanes = Lanes()

    quick, others = lanes.room(["a", "b"], usual, 0.0)
    assert {"a", "b"} <= quick.busy
    assert (others.limit, others.busy) == (1, frozenset())
    lanes.begin("a", 0.0)
    assert lanes.room(["a", "b"], usual, 0.1)[1].busy == {"a"}
    lanes.begin("b", 0.0)
    assert lanes.room(["a", "b"], usual, 0.1)[1].limit == 0


def test_a_quick_target_has_as_many_as_it_may_and_no_more() -> None:
    lanes = Lanes()
    known(lanes, "a")
    for _ in range(3):
        lanes.begin("a", 0.0)
    quick, _ = lanes.room(["a"], usual, 0.1)
    assert (quick.limit, quick.busy) == (AT_ONCE - 3, frozenset())

    for _ in range(AT_ONCE - 3):
        lanes.begin("a", 0.0)
    assert lanes.room(["a"], usual, 0.1)[0].busy == {"a"}
    assert lanes.room(["a"], lambda _: AT_ONCE + 1, 0.1)[0].limit == 1


def test_a_delivery_that_takes_long_makes_its_target_slow_while_it_lasts() -> None:
    lanes = Lanes()
    known(lanes, "a")
    trip = lanes.begin("a", 10.0)

    assert "a" not in lanes.room(["a"], usual, 10.0 + SLOW_SECONDS - 0.1)[0].busy
    assert "a" in lanes.room(["a"], usual, 10.0 + SLOW_SECONDS)[0].busy
    lanes.end(trip, 25.0)
    assert "a" in lanes.room(["a"], usual, 25.0)[0].busy
    known(lanes, "a")
    assert "a" not in lanes.room(["a"], usual, 26.0)[0].busy


def test_as_many_as_can_hang_leave_room_for_who_does_not() -> None:
    lanes = Lanes()
    known(lanes, *TARGETS)
    hanging = fill(lanes, 0.0)
    assert len(hanging) == QUICK_ROOM
    assert lanes.room(TARGETS, usual, 0.1)[0].limit == 0

    later = lanes.room(TARGETS, usual, SLOW_SECONDS)[0]

    assert later.limit > 0
    assert later.busy == {trip.target for trip in hanging}


def test_never_is_more_under_way_than_there_is_room_for() -> None:
    lanes = Lanes()
    known(lanes, *TARGETS)
    for seconds in range(0, 30, 3):
        fill(lanes, float(seconds))
    under_way = fill(lanes, 31.0)

    assert under_way == []
    assert [room.limit for room in lanes.room(TARGETS, usual, 40.0)] == [0, 0]
    assert ALL_ROOM > QUICK_ROOM + TRIED_ROOM


def fill(lanes: Lanes, now_seconds: float) -> list[Trip]:
    """Begin as many deliveries to quick targets as there is room for."""
    begun = []
    while (room := lanes.room(TARGETS, usual, now_seconds)[0]).limit:
        free = next((target for target in TARGETS if target not in room.busy), None)
        if free is None:
            break
        begun += [lanes.begin(free, now_seconds) for _ in range(room.limit)]
    return begun
