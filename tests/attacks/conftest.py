"""What tests of attacks share: the misbehaving server, the command line in a folder of its own."""

from __future__ import annotations

from tests.cascade.conftest import _server, cli, folder, server

__all__ = ["_server", "cli", "folder", "server"]
