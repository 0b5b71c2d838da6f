"""The adapter to Redmine (REST, 5.0 and newer) as a bridge.ports.ProjectTracker."""
