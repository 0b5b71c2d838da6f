"""Reports on projects and operations: figures are read, put into words, and published."""
