"""Verification: each part of an index is read and compared with the catalog.

Verification needs no lock: the index may be written at the same time. Readers
see the last commit of the keyword index, so all parts are checked as of that
commit. Each part has its own module here. Damage in one part does not stop the
checks of the other parts, but damaged data is not compared with other parts.
"""

from nutgraf.index.verification.verify import verify_index

__all__ = ["verify_index"]
