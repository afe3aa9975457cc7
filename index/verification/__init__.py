"""Verification: every part of an index is read to the end and held against the catalog.

No lock is taken, and a writer may go on: what is visible is what the keyword
index shows, so all parts are looked at as of that one commit. A part that is
damaged does not keep the others from being looked at, and is not held against
them. Each has a file of its own here.
"""

from nutgraf.index.verification.verify import verify_index

__all__ = ["verify_index"]
