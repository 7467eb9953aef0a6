"""JSON Schemas in, a secure realtime backend out: the public names, nothing else."""

__version__ = "0.1.0"

__all__ = ["__version__"]
