"""What a job imports: the job decorator, the reporter with its spool, and `tocsin run`.

The room lives inside other people's jobs, so it has three laws. It never raises into the job. It
never holds the job up: check-ins are put to disk and a daemon thread sends them. It starts quickly:
no module here imports more of the standard library than it needs, which is why values are tuples of
our own (dataclasses cost every cron job 7 ms, typing 4 ms), paths are strings (pathlib costs 3 ms),
and HTTP and JSON are written by hand (http.client costs 25 ms, json with re 4 ms).
"""
