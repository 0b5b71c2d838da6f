"""The settings: one YAML file, over it secret files, over both the environment."""

from bridge.settings.loading import Loaded, SourceSettings, load_settings
from bridge.settings.model import Settings

__all__ = ["Loaded", "Settings", "SourceSettings", "load_settings"]
