"""Run a command, and print its seconds, CPU seconds and highest memory as JSON.

    python benchmarks/run_alone.py COMMAND ...

The highest memory of a process that Linux reports is at least that of its parent at the time of the
fork. This process is small, so it is the parent.
"""

import json
import resource
import subprocess
import sys
import time

if __name__ == "__main__":
    started = time.perf_counter()
    code = subprocess.run(sys.argv[1:], stdout=subprocess.DEVNULL).returncode
    seconds = time.perf_counter() - started
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    print(
        json.dumps(
            {
                "seconds": seconds,
                "cpu_seconds": used.ru_utime + used.ru_stime,
                "peak_bytes": used.ru_maxrss * (1 if sys.platform == "darwin" else 1024),
            }
        )
    )
    sys.exit(code)
