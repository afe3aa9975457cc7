"""The output of a command, for tests."""


def output_of(done, code=0):
    """Return the output of a command that ended with a code, without a traceback."""
    assert done.returncode == code, done.stderr.decode()
    assert b"Traceback" not in done.stderr
    return done.stdout.decode()
