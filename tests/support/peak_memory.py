#!/usr/bin/env python3
"""Runs a command and writes the peak of its resident size, in bytes, into the file <first argument>-<rank>."""

import os
import resource
import subprocess
import sys

code = subprocess.run(sys.argv[2:], check=False).returncode
rank = os.environ.get("OMPI_COMM_WORLD_RANK") or os.environ.get("PMI_RANK") or "0"
with open(f"{sys.argv[1]}-{rank}", "w", encoding="utf-8") as file:
    file.write(str(1024 * resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss))
sys.exit(code)
