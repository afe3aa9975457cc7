"""failpoint: an event after a step, at which a test can end the process."""

from __future__ import annotations

import sys

__all__ = ["failpoint"]


def failpoint(job: str, step: str) -> None:
    """Raise an audit event after a step of a job, such as a commit.

    The event is named after the job: nutgraf.commit. Tests listen for it and end the process
    at that step. Without a listener, an audit event costs nothing.
    """
    sys.audit(f"nutgraf.{job}", step)
