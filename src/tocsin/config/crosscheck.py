"""What no part of the file can see by itself: names that must exist, be unique, or can never be reached.

It looks at the file as it was written, so that these faults are told together with all others, also
where a part of the file is not of the right kind.
"""

from collections.abc import Collection, Iterator, Mapping

from tocsin.alerts.matcher import Matcher
from tocsin.config.as_written import items, named, nothing_called, twice
from tocsin.config.dead_ends import never_taken
from tocsin.config.drills import drill_faults
from tocsin.config.escalations import escalation_faults
from tocsin.config.failures import failure_faults
from tocsin.config.on_call import on_call_faults
from tocsin.config.problems import MAX_SHOWN, Fault, Place, closest
from tocsin.jobs.checkin import DEFAULT_ENVIRONMENT
from tocsin.rules.defaults import DEFAULT_RULES

CONSOLE = "console"


def crosscheck(data: object) -> Iterator[Fault]:
    """Return every fault between the parts of a file."""
    if not isinstance(data, dict):
        return
    yield from twice(named(data.get("receivers"), ("receivers",)), "receiver")
    yield from twice(named(data.get("rules"), ("rules",)), "rule")
    yield from twice(_known_intervals(data), "time interval")
    yield from twice(named(data.get("maintenance"), ("maintenance",)), "maintenance window")
    yield from _clashes_with_default_rules(data)
    yield from _routes(data)
    yield from _fallbacks(data)
    yield from on_call_faults(data, _known_receivers(data))
    yield from escalation_faults(data, _known_receivers(data))
    yield from drill_faults(data, _known_receivers(data))
    yield from failure_faults(data)
    yield from _environments(data)
    yield from _circles(data)
    yield from _half_of_a_certificate(data.get("server"))


def _clashes_with_default_rules(data: Mapping[str, object]) -> Iterator[Fault]:
    mentioned = {name for _, name in named(data.get("rules"), (), "condition")}
    kept = {rule.name: rule for rule in DEFAULT_RULES if rule.condition not in mentioned}
    for place, name in named(data.get("rules"), ("rules",)):
        if name in kept and data.get("default_rules") is not False:
            message = f"{name!r} is the name of the default rule for {kept[name].condition}; choose another"
            yield Fault(place=place, message=message)


def _known_receivers(data: Mapping[str, object]) -> list[str]:
    if data.get("receivers") is None:
        return [CONSOLE]
    return [name for _, name in named(data.get("receivers"), ())]


def _routes(data: Mapping[str, object]) -> Iterator[Fault]:
    known, route = _known_receivers(data), data.get("route")
    if route is None and len(known) > 1:
        message = f"is needed once there are several receivers; such as {{receiver: {known[0]}}}"
        yield Fault(place=("route",), message=message)
    if isinstance(route, dict):
        yield from _branch(route, ("route",), known, {name for _, name in _known_intervals(data)}, ())


def _branch(
    route: Mapping[str, object],
    place: Place,
    known: list[str],
    intervals: Collection[str],
    tests: tuple[Matcher, ...],
) -> Iterator[Fault]:
    receiver = route.get("receiver")
    if isinstance(receiver, str):
        yield from _undefined(receiver, (*place, "receiver"), known)
    yield from _intervals(route, place, intervals)
    if place == ("route",) and "matchers" in route:
        yield Fault(
            place=(*place, "matchers"),
            message="the first route is for every alert; put matchers into one of its 'routes'",
        )
    children = list(items(route.get("routes"), (*place, "routes")))
    for (at, child), (fault, below) in zip(children, never_taken(children, tests), strict=True):
        if fault is not None:
            yield fault
        yield from _branch(child, at, known, intervals, below)


def _undefined(name: str, place: Place, known: list[str]) -> Iterator[Fault]:
    if name not in known:
        near = closest(name, known)
        add = "" if near or name != CONSOLE else "; add {name: console, console: {}} to 'receivers'"
        yield Fault(place=place, message=f"no receiver is called {name[:MAX_SHOWN]!r}{add}", suggestion=near)


def _intervals(route: Mapping[str, object], place: Place, known: Collection[str]) -> Iterator[Fault]:
    for key in ("mute_time_intervals", "active_time_intervals"):
        for number, name in enumerate(_listed(route.get(key))):
            if isinstance(name, str) and name not in known:
                yield nothing_called(name, "time interval", (*place, key, number), known)


def _known_intervals(data: Mapping[str, object]) -> list[tuple[Place, str]]:
    keys = ("time_intervals", "mute_time_intervals")
    return [found for key in keys for found in named(data.get(key), (key,))]


def _fallbacks(data: Mapping[str, object]) -> Iterator[Fault]:
    known = _known_receivers(data)
    for at, item in items(data.get("receivers"), ("receivers",)):
        fallback = item.get("fallback")
        if not isinstance(fallback, str):
            continue
        yield from _undefined(fallback, (*at, "fallback"), known)
        if fallback == item.get("name"):
            yield Fault(
                place=(*at, "fallback"), message="a receiver cannot stand in for itself; name another one"
            )


def _variants(name: str, job: object) -> Iterator[tuple[Place, Mapping[str, object]]]:
    if isinstance(job, list):
        yield from items(job, ("jobs", name))
    elif isinstance(job, dict):
        yield ("jobs", name), job


def _environment(job: Mapping[str, object], data: Mapping[str, object]) -> str:
    defaults = data.get("defaults")
    general = defaults.get("environment") if isinstance(defaults, dict) else None
    return str(job.get("environment") or general or DEFAULT_ENVIRONMENT)


def _environments(data: Mapping[str, object]) -> Iterator[Fault]:
    jobs = data.get("jobs")
    for name, job in jobs.items() if isinstance(jobs, dict) else ():
        seen: set[str] = set()
        for place, variant in _variants(name, job):
            environment = _environment(variant, data)
            if environment in seen:
                message = (
                    f"the job is listed twice in environment {environment!r}; give each an 'environment'"
                )
                yield Fault(place=place, message=message)
            seen.add(environment)


def _circles(data: Mapping[str, object]) -> Iterator[Fault]:
    """Find jobs that need each other in a circle, each circle once."""
    jobs = data.get("jobs")
    needs = {
        (_environment(variant, data), name): [str(need) for need in _listed(variant.get("upstream"))]
        for name, job in (jobs.items() if isinstance(jobs, dict) else ())
        for _, variant in _variants(name, job)
    }
    done: set[tuple[str, str]] = set()
    for key in needs:
        circle = _circle_from(key, needs, done)
        if circle:
            message = f"the jobs need each other in a circle: {' → '.join(circle)}; take one of them out"
            yield Fault(place=("jobs", circle[0], "upstream"), message=message)


def _listed(value: object) -> list[object]:
    if value is None:
        return []
    return value if isinstance(value, list) else [value]


def _circle_from(
    start: tuple[str, str], needs: Mapping[tuple[str, str], list[str]], done: set[tuple[str, str]]
) -> list[str]:
    """Walk up from one job without recursion; return the first circle met, and mark what was seen."""
    if start in done:
        return []
    environment, path, waiting = start[0], [start[1]], [iter(needs[start])]
    on_path, found = {start[1]}, list[str]()
    while path:
        need = next(waiting[-1], None)
        if need is None:
            on_path.discard(path[-1])
            done.add((environment, path.pop()))
            waiting.pop()
        elif need in on_path:
            found = found or [*path[path.index(need) :], need]
        elif (environment, need) in needs and (environment, need) not in done:
            path.append(need)
            on_path.add(need)
            waiting.append(iter(needs[environment, need]))
    return found


def _half_of_a_certificate(server: object) -> Iterator[Fault]:
    if isinstance(server, dict):
        for one, other in (("tls_certificate", "tls_key"), ("tls_key", "tls_certificate")):
            if server.get(one) is not None and server.get(other) is None:
                yield Fault(place=("server", one), message=f"needs {other!r} beside it")
