#!/usr/bin/env python3
"""Runs a command and writes the most memory it or any process of it ever held, in bytes, to a file.

    peak_memory.py FILE COMMAND ARGUMENT...

Asks the kernel afterwards, so that no peak is missed. Ends with the command's own exit code.
"""

import resource
import subprocess
import sys

code = subprocess.call(sys.argv[2:])
with open(sys.argv[1], "w", encoding="ascii") as file:
    file.write(str(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss * 1024))
sys.exit(code if code >= 0 else 128 - code)
