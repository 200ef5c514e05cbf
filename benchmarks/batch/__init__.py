"""The batch toolkit against a sink that enforces its limits, beside what people use otherwise."""
