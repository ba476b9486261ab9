"""Writes magnitude.json: weighting vectors of small metric spaces, by mpmath at 120 digits.

    python3 -m venv /tmp/golden && /tmp/golden/bin/pip install mpmath==1.4.1
    /tmp/golden/bin/python tests/golden/magnitude.py            writes tests/golden/magnitude.json
    /tmp/golden/bin/python tests/golden/magnitude.py --check    fails if the committed file differs

Distances are rounded to f64 first; everything is then computed from the rounded numbers: the inverse of
Z = exp(-t d) by elimination, w = Z^-1 1, the magnitude, its derivative w' (d o Z) w in t and the condition
|Z|_1 |Z^-1|_1. Numbers are written with 17 digits.
"""

import json
import pathlib
import random
import sys

import mpmath
from mpmath import matrix, mp, mpf

mp.dps = 120
FILE = pathlib.Path(__file__).with_name("magnitude.json")


def cloud(seed, n, dim, spread=1):
    rng = random.Random(seed)
    return [[mpf(rng.gauss(0, spread)) for _ in range(dim)] for _ in range(n)]


def euclidean(points):
    return lambda i, j: mpmath.sqrt(sum((a - b) ** 2 for a, b in zip(points[i], points[j])))


def hyperbolic(points):
    """Distances of the points (sqrt(1 + |x|^2), x) of the hyperboloid."""

    def dist(i, j):
        x, y = points[i], points[j]
        time = mpmath.sqrt(1 + sum(a * a for a in x)) * mpmath.sqrt(1 + sum(a * a for a in y))
        return mpmath.acosh(time - sum(a * b for a, b in zip(x, y)))

    return dist


def sphere(points):
    unit = []
    for x in points:
        length = mpmath.sqrt(sum(a * a for a in x))
        unit.append([a / length for a in x])
    chord = euclidean(unit)
    return lambda i, j: 2 * mpmath.asin(chord(i, j) / 2)


def bipartite(a, b):
    """The complete bipartite graph, which has no positive definite similarities at small scales."""
    return lambda i, j: mpf(1) if (i < a) != (j < a) else mpf(2)


def close_pairs(gap):
    """Points of which each has a neighbour at the distance `gap`."""
    points = cloud(5, 6, 2)
    return points + [[x + gap, y] for x, y in points]


def box(*edges):
    """Corners of a box in the sum of the distances along its edges; a corner's bits say on which sides it is."""
    return lambda i, j: sum((mpf(e) for k, e in enumerate(edges) if (i ^ j) >> k & 1), mpf(0))


def disjoint(a, b, copies):
    """Copies of a bipartite graph, with no way from one to another."""
    within = bipartite(a, b)
    size = a + b

    def dist(i, j):
        return within(i % size, j % size) if i // size == j // size else mp.inf

    return dist


def spaces():
    n = 12
    for t in ["10", "1", "1e-1", "1e-3", "1e-6", "1e-10", "1e-13", "1e-16", "1e-30"]:
        yield f"gauss t={t}", n, euclidean(cloud(1, n, 3)), t
    for t in ["3", "1e-1", "1e-4"]:
        yield f"hyperbolic t={t}", n, hyperbolic(cloud(2, n, 2, 3)), t
    for t in ["3", "1e-1"]:
        yield f"sphere t={t}", 10, sphere(cloud(3, 10, 3)), t
    for t in ["3e-1", "1e-1", "1e-6", "0.3465735902799", "1"]:
        yield f"bipartite t={t}", 5, bipartite(3, 2), t
    for t in ["3e-1", "1e-1"]:
        yield f"disjoint bipartite t={t}", 15, disjoint(3, 2, 3), t
    for gap in [-3, -6, -9, -12]:
        yield f"pairs 1e{gap}", n, euclidean(close_pairs(mpf(10) ** gap)), "1"
    for t in ["1e-2", "1e-3", "1e-4"]:
        yield f"box t={t}", 13, box(1, "1.5", "2.25", "0.75"), t


def rounded(x):
    """The f64 nearest to x: infinite where x is."""
    return float(x) if mpmath.isfinite(x) else None


def one_norm(a):
    return max(sum(abs(a[i, j]) for i in range(a.rows)) for j in range(a.cols))


def case(name, n, dist, t):
    d = [[mpf(0)] * n for _ in range(n)]
    for i in range(n):
        for j in range(i):
            x = dist(i, j)
            d[i][j] = d[j][i] = mpf(float(x)) if mpmath.isfinite(x) else mp.inf
    t = float(t)
    z = matrix(n, n)
    for i in range(n):
        for j in range(n):
            z[i, j] = mpmath.exp(-mpf(t) * d[i][j])
    inverse = z ** -1
    ones = matrix([1] * n)
    w = inverse * ones
    slope = mpf(0)
    for i in range(n):
        for j in range(n):
            if mpmath.isfinite(d[i][j]):
                slope += w[i] * d[i][j] * z[i, j] * w[j]
    return {
        "name": name,
        "t": t,
        # Below the diagonal, row by row; null where no path leads.
        "distances": [rounded(d[i][j]) for i in range(n) for j in range(i)],
        "weights": [float(x) for x in w],
        "magnitude": float(sum(w)),
        "derivative": float(slope),
        "condition": float(one_norm(z) * one_norm(inverse)),
    }


def main():
    cases = [case(*space) for space in spaces()]
    text = "[\n" + ",\n".join(json.dumps(c) for c in cases) + "\n]\n"
    if "--check" in sys.argv:
        sys.exit(FILE.read_text() != text)
    FILE.write_text(text)
    for c in cases:
        print(f'{c["name"]:28} |X| {c["magnitude"]:.17g} derivative {c["derivative"]:.3g} condition {c["condition"]:.1e}')


main()
