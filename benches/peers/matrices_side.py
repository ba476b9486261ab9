"""The same work in pymanopt and geomstats, driven by matrices.rs through lines of JSON.

Started by it as `python matrices_side.py FOLDER THREADS`; FOLDER has the inputs, raw f64. A request is
one line on standard input and gets one line on standard output. Nothing here is of use on its own.
"""

import json
import os
import pathlib
import sys
import time
from importlib.metadata import version

FOLDER = pathlib.Path(sys.argv[1])
os.environ["OMP_NUM_THREADS"] = os.environ["OPENBLAS_NUM_THREADS"] = sys.argv[2]
os.environ["GEOMSTATS_BACKEND"] = "numpy"

import numpy as np  # noqa: E402, after the number of threads is set
import pymanopt.manifolds  # noqa: E402
from geomstats.geometry.grassmannian import Grassmannian  # noqa: E402
from geomstats.geometry.spd_matrices import SPDAffineMetric, SPDMatrices  # noqa: E402


def stored(name, shape):
    return np.fromfile(FOLDER / f"{name}.f64").reshape(shape)


def projector(p):
    return p @ np.swapaxes(p, -2, -1)


def horizontal(p, v):
    """A tangent at the projector of p."""
    return v @ np.swapaxes(p, -2, -1) + p @ np.swapaxes(v, -2, -1)


def calls(space, shape, library):
    """The operations on the first matrices of the inputs."""
    count, n, k = shape
    p, q, v = (stored(name, (-1, n, k))[:count] for name in "pqv")
    if library == "pymanopt":
        if space == "grassmann":
            m = pymanopt.manifolds.Grassmann(n, k, k=count)
        else:
            m = pymanopt.manifolds.SymmetricPositiveDefinite(n, k=count)
        if count == 1:
            p, q, v = p[0], q[0], v[0]
        found = {
            "dist": lambda: m.dist(p, q),
            "exp": lambda: m.exp(p, v),
            "log": lambda: m.log(p, q),
        }
        if space == "grassmann":
            found["retract"] = lambda: m.retraction(p, v)
        return found
    if space == "grassmann":
        metric = Grassmannian(n, k).metric
        p, q, v = projector(p), projector(q), horizontal(p, v)
        return {
            "dist": lambda: metric.dist(p, q),
            "exp": lambda: metric.exp(v, p),
            "log": lambda: metric.log(q, p),
        }
    metric = SPDAffineMetric(SPDMatrices(n, equip=False))
    return {
        "dist": lambda: metric.dist(p, q),
        "exp": lambda: metric.exp(v, p),
        "log": lambda: metric.log(q, p),
    }


def answer(request):
    command = request["command"]
    if command == "versions":
        return {name: version(name) for name in ("pymanopt", "geomstats", "numpy")}
    call = calls(request["space"], request["shape"], request["library"]).get(request["op"])
    if call is None:
        return {}
    if command == "time":
        call()
        times = []
        for _ in range(request["calls"]):
            start = time.perf_counter()
            call()
            times.append(time.perf_counter() - start)
        return {"us": float(np.median(times)) / request["shape"][0] * 1e6}
    if command == "distance":
        value = float(np.ravel(call())[0])
        # geomstats measures tangents as matrices v pᵀ + p vᵀ, which are √2 times as long.
        is_long = request["library"] == "geomstats" and request["space"] == "grassmann"
        return {"value": value / 2**0.5 if is_long else value}
    raise ValueError(f"unknown command {command}")


def main():
    for line in sys.stdin:
        print(json.dumps(answer(json.loads(line))), flush=True)


if __name__ == "__main__":
    main()
