"""Makes parametrised.json: operations on hyperbolic space in normal coordinates at radii up to 300.

The references are the textbook formulas of the hyperboloid, at 1000 digits: a point z becomes
(cosh |z|, sinh |z| ẑ), a vector in the frame is carried from the origin to it, and results are
carried back. Run with mpmath and numpy installed; `--check` compares instead of writing.
"""

import json
import pathlib
import random
import sys

import numpy as np
from mpmath import mp

mp.dps = 1000
M = mp.mpf
FILE = pathlib.Path(__file__).with_name("parametrised.json")
RADII = ["1e-9", "0.5", "2", "8", "30", "100", "300"]
SEPARATIONS = ["1e-9", "1e-3", "1", "20", "600"]
DIRECTIONS = ["random", "inward", "outward", "across"]
OPS = ["dist", "log", "exp", "transport"]
CURVATURES = [-1.0, -0.25, -3.0]


def dot(a, b):
    return mp.fsum(p * q for p, q in zip(a, b))


def norm(a):
    return mp.sqrt(dot(a, a))


def scale(t, a):
    return [t * p for p in a]


def add(a, b):
    return [p + q for p, q in zip(a, b)]


class Hyperboloid:
    """⟨p, p⟩ = −1 in units of the radius of curvature, time first."""

    @staticmethod
    def form(a, b):
        return dot(a[1:], b[1:]) - a[0] * b[0]

    @staticmethod
    def point(z):
        r = norm(z)
        return [mp.cosh(r)] + (scale(mp.sinh(r) / r, z) if r else z)

    @staticmethod
    def coordinates(p):
        s = norm(p[1:])
        return scale(mp.asinh(s) / s, p[1:]) if s else p[1:]

    @classmethod
    def carry(cls, p, q, v):
        return add(v, scale(cls.form(q, v) / (1 - cls.form(p, q)), add(p, q)))

    @classmethod
    def dist(cls, p, q):
        return mp.acosh(-cls.form(p, q))

    @classmethod
    def log(cls, p, q):
        d = cls.dist(p, q)
        return scale(d / mp.sinh(d), add(q, scale(-mp.cosh(d), p)))

    @classmethod
    def exp(cls, p, v):
        n = mp.sqrt(cls.form(v, v))
        return add(scale(mp.cosh(n), p), scale(mp.sinh(n) / n, v))


def result(op, curvature, x, y=None, u=None):
    """The exact result in coordinates of curvature κ, vectors in the frame."""
    root = mp.sqrt(-M(curvature))
    H = Hyperboloid
    origin = [M(1)] + [M(0)] * len(x)
    p = H.point(scale(root, x))
    if op == "exp":
        v = H.carry(origin, p, [M(0)] + scale(root, u))
        return scale(1 / root, H.coordinates(H.exp(p, v)))
    q = H.point(scale(root, y))
    if op == "dist":
        return H.dist(p, q) / root
    if op == "log":
        return scale(1 / root, H.carry(p, origin, H.log(p, q))[1:])
    moved = H.carry(p, q, H.carry(origin, p, [M(0)] + u))
    return H.carry(q, origin, moved)[1:]


def normal(draws, n):
    return [M(sum(draws.randrange(-(2**40), 2**40) for _ in range(6))) / 2**41 for _ in range(n)]


def unit(draws, n):
    v = normal(draws, n)
    return scale(1 / norm(v), v)


def direction(draws, kind, axis):
    w = unit(draws, len(axis))
    if kind == "random":
        return w
    if kind == "across":
        w = add(w, scale(-dot(w, axis), axis))
        return scale(1 / norm(w), w)
    return scale(1 if kind == "outward" else -1, axis)


def rounded(v, kind):
    number = np.float32 if kind == "f32" else np.float64
    return [M(float(number(mp.nstr(t, 40)))) for t in v]


def case(draws, index, kind, op, radius, separation, way):
    curvature, n = CURVATURES[index % 3], 2 + index % 9
    # Near pairs far out exist on axes, where each coordinate keeps digits of its own.
    axis = [M(1)] + [M(0)] * (n - 1) if index % 2 else unit(draws, n)
    root = mp.sqrt(-M(curvature))
    x = rounded(scale(M(radius) / root, axis), kind)
    u = rounded(scale(M(separation) / root, direction(draws, way, axis)), kind)
    made = {"kind": kind, "op": op, "curvature": curvature, "radius": float(radius), "x": x}
    if op == "exp":
        made |= {"u": u}
        made["expected"] = result(op, curvature, x, u=u)
        return made
    y = rounded(result("exp", curvature, x, u=u), kind)
    if x == y:
        return None
    made |= {"y": y}
    if op == "transport":
        made["u"] = rounded(unit(draws, n), kind)
    made["expected"] = result(op, curvature, x, y, made.get("u"))
    return made


def as_numbers(made):
    plain = lambda t: [float(s) for s in t] if isinstance(t, list) else float(t)
    keep = ("kind", "op")
    return {key: value if key in keep else plain(value) for key, value in made.items()}


def cases():
    draws = random.Random(300)
    index = 0
    for kind, radii in [("f64", RADII), ("f32", RADII[1::2] + ["300"])]:
        for radius in radii:
            for separation in SEPARATIONS:
                for way in DIRECTIONS:
                    for op in OPS:
                        index = draws.randrange(1 << 30)
                        made = case(draws, index, kind, op, radius, separation, way)
                        if made is not None and fair(made):
                            yield as_numbers(made)


def fair(made):
    """No exponential that lands beside the origin from afar: the cancellation is of the inputs."""
    if made["op"] != "exp":
        return True
    return norm(made["expected"]) > norm(made["x"]) / 100


def main():
    made = list(cases())
    text = "[\n" + ",\n".join(json.dumps(c, separators=(",", ":")) for c in made) + "\n]\n"
    if "--check" in sys.argv[1:]:
        if FILE.read_text() != text:
            sys.exit(f"{FILE} is not what this script makes")
        return
    FILE.write_text(text)
    print(f"{FILE.name}: {len(made)} cases, {len(text) / 1e3:.0f} kB")


if __name__ == "__main__":
    main()
