"""Shows reports: pages, pictures, wiki text and CSV of bridge.model.report."""
