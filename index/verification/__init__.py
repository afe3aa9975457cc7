"""Verification: each part of an index is read and compared with the catalog.

No lock is needed, and a writer may continue. Readers see the commit that the
keyword index shows, so all parts are checked as of that commit. Each part has
its own module here. Damage in one part does not stop the checks of the others;
only parts that are not damaged are compared with each other.
"""

from nutgraf.index.verification.verify import verify_index

__all__ = ["verify_index"]
