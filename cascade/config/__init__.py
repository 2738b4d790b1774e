"""Configuration: reads and checks cascade.yaml, and holds the process default behind `cascade.run`."""

from cascade.config.loading import Config, load_config
from cascade.config.process import close_default, default, default_path

__all__ = ["Config", "close_default", "default", "default_path", "load_config"]
