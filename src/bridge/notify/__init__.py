"""Ways to people, one file for each: bridge.ports.Notifier."""
