"""A plugin-based pipeline framework for transit searches in light curves."""

__version__ = "1.0.0.dev0"
