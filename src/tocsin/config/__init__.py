"""The configuration: tocsin.yaml read, checked and made into values; it alone knows every channel."""

from tocsin.config.loading import Loaded, load, load_configuration, load_text
from tocsin.config.settings import CallBack, Key, ServerSettings, data_folder, default_database

__all__ = [
    "CallBack",
    "Key",
    "Loaded",
    "ServerSettings",
    "data_folder",
    "default_database",
    "load",
    "load_configuration",
    "load_text",
]
