"""The way in for jobs, programs and people: check-ins, pings, the API and the pages."""
