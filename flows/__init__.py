"""Top floor: Prefect flows, the command line, schedules."""
