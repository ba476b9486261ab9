"""Writes subspaces.json: the Grassmannian on frames with known principal angles, by mpmath at 60 digits.

    python3 -m venv /tmp/golden && /tmp/golden/bin/pip install mpmath==1.4.1
    /tmp/golden/bin/python tests/golden/subspaces.py            writes tests/golden/subspaces.json
    /tmp/golden/bin/python tests/golden/subspaces.py --check    fails if the committed file differs

Frames are drawn, turned by random rotations within their subspaces, and rounded to f64; everything is
then computed from the rounded numbers, by a singular value decomposition that the crate does not use:
C = pᵀq = V cos Θ Zᵀ, and with U = (q Z − p V cos Θ)/sin Θ the logarithm U Θ Vᵀ, the end of a geodesic
p V cos Θ Vᵀ + U sin Θ Vᵀ, and w + (U (cos Θ − 1) − p V sin Θ) Uᵀ w for a tangent in the basis of that end.
"""

import json
import pathlib
import random
import sys

import mpmath
from mpmath import matrix, mp, mpf

mp.dps = 60
FILE = pathlib.Path(__file__).with_name("subspaces.json")
HALF_PI = mp.pi / 2

# n, k, angles
CASES = [
    (3, 1, [0]),
    (3, 1, [mpf(10) ** -12]),
    (3, 1, [HALF_PI - mpf(10) ** -12]),
    (3, 2, [0, 0.3]),
    (4, 2, [mpf(10) ** -12, mpf(10) ** -6]),
    (4, 2, [mpf(10) ** -9, 1.5]),
    (5, 2, [mpf(10) ** -10, HALF_PI - mpf(10) ** -10]),
    (5, 2, [0.7, 0.7]),
    (6, 3, [0, 0, 0]),
    (6, 3, [1.0, 1.0, 1.0]),
    (7, 3, [mpf(10) ** -13, mpf(10) ** -5, HALF_PI - mpf(10) ** -5]),
    (7, 3, [HALF_PI - mpf(10) ** -7, HALF_PI - mpf(10) ** -7, HALF_PI - mpf(10) ** -9]),
    (5, 4, [0, 0, 0, 1.2]),
    (8, 4, [0.1, 0.4, 0.9, 1.4]),
    (9, 4, [mpf(10) ** -8, mpf(10) ** -8, 0.5, 1.0]),
]


def gaussian(rng, rows, cols):
    return matrix([[mpf(rng.gauss(0, 1)) for _ in range(cols)] for _ in range(rows)])


def orthonormal(a):
    q, r = mpmath.qr(a, mode="skinny")
    return q


def diagonal(values):
    return mpmath.diag(list(values))


def rounded(a):
    return matrix([[mpf(float(a[i, j])) for j in range(a.cols)] for i in range(a.rows)])


def rows(a):
    return [[float(a[i, j]) for j in range(a.cols)] for i in range(a.rows)]


def frames(rng, n, k, angles):
    """p and q with these angles, each in a random basis."""
    shared = min(2 * k, n)
    basis = orthonormal(gaussian(rng, n, shared))
    p = basis[:, :k]
    q = p * diagonal([mp.cos(t) for t in angles])
    for j, angle in enumerate(angles):
        if angle == 0:
            continue
        # Where 2k > n only n − k angles can differ from 0: those at the end.
        column = shared - 1 - (len(angles) - 1 - j)
        for i in range(n):
            q[i, j] += basis[i, column] * mp.sin(angle)
    turn = lambda: orthonormal(gaussian(rng, k, k))
    return rounded(p * turn()), rounded(q * turn())


def reference(p, q, w):
    """Angles, logarithm at p, transport of w, all for the spans of p and q."""
    n, k = p.rows, p.cols
    p_basis, q_basis = polar(p), polar(q)
    left, cosines, right = mpmath.svd_r(p_basis.T * q_basis)
    # mpmath: C = left diag right, right is Zᵀ.
    z = right.T
    across = q_basis * z - p_basis * left * diagonal(cosines)
    angles = []
    u = matrix(n, k)
    for j in range(k):
        sine = mp.norm(across[:, j])
        angle = mp.atan2(sine, cosines[j])
        if angle < mpf(10) ** -40:
            angle = mpf(0)
        angles.append(angle)
        for i in range(n):
            u[i, j] = across[i, j] / sine if angle > 0 else mpf(0)
    log = u * diagonal(angles) * left.T
    sines, cosines_less_one = [mp.sin(t) for t in angles], [mp.cos(t) - 1 for t in angles]
    moved = w + (u * diagonal(cosines_less_one) - p_basis * left * diagonal(sines)) * (u.T * w)
    return sorted(angles), log, moved * left * z.T


def polar(a):
    """The orthonormal frame nearest to one that is so to rounding."""
    for _ in range(3):
        a = a * (3 * mpmath.eye(a.cols) - a.T * a) / 2
    return a


def exponential(p, v):
    p = polar(p)
    w = v.T * v
    values, vectors = mpmath.eigsy(w)
    cosine, sinc = [], []
    for value in values:
        root = mp.sqrt(max(value, mpf(0)))
        cosine.append(mp.cos(root))
        sinc.append(mp.sin(root) / root if root > mpf(10) ** -25 else mpf(1))
    return p * vectors * diagonal(cosine) * vectors.T + v * vectors * diagonal(sinc) * vectors.T


def main():
    rng = random.Random(20261124)
    cases = []
    for n, k, angles in CASES:
        p, q = frames(rng, n, k, [mpf(t) for t in angles])
        z = gaussian(rng, n, k)
        w = rounded(z - p * (p.T * z))
        found, log, moved = reference(p, q, w)
        v = rounded(log)
        cases.append(
            {
                "p": rows(p),
                "q": rows(q),
                "w": rows(w),
                "v": rows(v),
                "angles": [float(t) for t in found],
                "dist": float(mp.sqrt(sum(t * t for t in found))),
                "chordal": float(mp.sqrt(sum(mp.sin(t) ** 2 for t in found))),
                "projection": float(max(mp.sin(t) for t in found)),
                "binet_cauchy": float(mp.sqrt(1 - mp.fprod(mp.cos(t) ** 2 for t in found))),
                "martin": float(mp.sqrt(-sum(mp.log(mp.cos(t) ** 2) for t in found))),
                "log": rows(log),
                "transported": rows(moved),
                "exp": rows(exponential(p, v)),
            }
        )
    text = json.dumps(cases, separators=(",", ":")) + "\n"
    if sys.argv[1:] == ["--check"]:
        sys.exit(0 if FILE.read_text() == text else f"{FILE.name} differs")
    FILE.write_text(text)


main()
