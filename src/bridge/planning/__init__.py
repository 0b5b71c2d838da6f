"""Work breakdown templates, their schedule over a working calendar, and identifiers. Pure, except for the loader."""
