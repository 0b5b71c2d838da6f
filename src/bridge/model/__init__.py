"""The domain's words as frozen dataclasses. Standard library only; every time is an aware UTC datetime."""
