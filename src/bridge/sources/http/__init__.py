"""Any incident system with a JSON interface, described by configuration alone."""
