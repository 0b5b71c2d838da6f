"""The life of a promotion after its opening: its owner, who joins, whether it helped, and how it is undone."""
