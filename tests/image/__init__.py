"""The container image without a container engine: its Dockerfile is read and its steps are replayed."""
