"""Use cases: fetch, decide with the pure core, save, enqueue. No I/O library below this line."""
