"""What the daemon offers over HTTP: hooks, health and metrics. Needs the extra `hooks`."""
