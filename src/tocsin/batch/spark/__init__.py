"""The same pipeline on a Spark frame: a part of the run in each task, put together on the driver."""
