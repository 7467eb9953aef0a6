"""The test kit for projects: a fresh backend for each test, clients, fakes."""

from jotbase.testing.backend import TestBackend
from jotbase.testing.client import Answer, Client
from jotbase.testing.fakes import Clock, Mail, Outbox
from jotbase.testing.units import Units, caller

__all__ = ["Answer", "Client", "Clock", "Mail", "Outbox", "TestBackend", "Units", "caller"]
