"""Top floor: Prefect flows, the command line, schedules."""

VERSION = "0.1.0"
