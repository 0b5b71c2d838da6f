"""Two-way sync of an incident and its own issue, as pure functions: map, merge, plan."""
