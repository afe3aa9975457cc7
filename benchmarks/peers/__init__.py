"""Nutgraf and its peers, each behind the same interface.

The modules of the peers, `measure.py` and the modules that they import run in the environment of a
peer: they need Python, numpy and the packages in the peer's file of requirements.
"""
