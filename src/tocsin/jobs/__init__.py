"""What runs: jobs, their schedules and promises, their runs and what they report."""
