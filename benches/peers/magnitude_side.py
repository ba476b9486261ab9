"""The same work in magnipy, driven by magnitude.rs through lines of JSON.

Started by it as `python magnitude_side.py FOLDER THREADS`; FOLDER has the distances, raw f64. A request is
one line on standard input and gets one line on standard output. Nothing here is of use on its own.
"""

import json
import os
import pathlib
import sys
import time
from importlib.metadata import version

FOLDER = pathlib.Path(sys.argv[1])
for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "NUMEXPR_NUM_THREADS"):
    os.environ[name] = sys.argv[2]

import numpy as np  # noqa: E402, after the number of threads is set
from magnipy.magnitude.compute import compute_magnitude_from_distances  # noqa: E402


def answer(request):
    if request["command"] == "versions":
        return {name: version(name) for name in ("magnipy", "numpy", "scipy")}
    n = request["n"]
    distances = np.fromfile(FOLDER / "distances.f64").reshape(n, n)
    start = time.perf_counter()
    weights = compute_magnitude_from_distances(
        distances, ts=np.array(request["scales"]), method=request["method"], get_weights=True
    )
    seconds = time.perf_counter() - start
    last = np.exp(-request["scales"][-1] * distances) @ weights[:, -1] - 1
    return {"seconds": seconds, "residual": float(np.abs(last).max())}


def main():
    for line in sys.stdin:
        print(json.dumps(answer(json.loads(line))), flush=True)


if __name__ == "__main__":
    main()
