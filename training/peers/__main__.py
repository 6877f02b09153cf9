"""`python -m training.peers NAME`: a job as JSON on standard input, the run as JSON in the last line of output."""

from __future__ import annotations

import json
import sys
from dataclasses import asdict

from training.peers.systems import run
from training.peers.told import Job

if __name__ == "__main__":
    print(json.dumps(asdict(run(sys.argv[1], Job.of(json.load(sys.stdin))))))
