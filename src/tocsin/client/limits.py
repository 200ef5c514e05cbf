"""Bounds that both the light start and the reporting need."""

MAX_TAIL_BYTES = 10_000
