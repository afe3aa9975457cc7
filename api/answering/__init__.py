"""Requests that read: answers from threads, or from processes of their own."""
