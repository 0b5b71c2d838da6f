"""A small Redmine and a small incident system over HTTP on loopback, with the quirks of real ones.

    with Sandbox(redmine_version="5.0", clock_start=None) as sandbox:
        sandbox.redmine.url, sandbox.redmine.key("itsm-sync")
        sandbox.itsm.url, sandbox.itsm.token("bridge")
        sandbox.clock.advance(3600)
        sandbox.fault("status", app="redmine", method="PUT", path="/issues/", code=429, headers={"Retry-After": "2"})

Imports nothing else of `bridge`, so that it shares no error with it. The quirks of Redmine were measured on 5.0.4.
"""

from bridge.sandbox.redmine.app import VERSIONS
from bridge.sandbox.sandbox import Sandbox
from bridge.sandbox.serve import serve

__all__ = ["VERSIONS", "Sandbox", "serve"]
