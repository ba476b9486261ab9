"""Makes matrices.json: frames and rotations in f64, and what the exact operation gives for them.

    python3 -m venv /tmp/golden && /tmp/golden/bin/pip install mpmath==1.4.1
    /tmp/golden/bin/python tests/golden/matrices.py            writes tests/golden/matrices.json
    /tmp/golden/bin/python tests/golden/matrices.py --check    fails if the committed file differs

References have 60 digits and share no formula with the crate: exponentials by mpmath's expm of
n x n generators, where the crate works with 2k x 2k ones of another form; logarithms by Newton's
method with a Jacobian of difference quotients, from the velocity that made the end. Points are what
the file says, to the last bit; no such matrix has exactly orthonormal columns, so the reference
takes its polar factor, and the tangent part of a tangent.

A case has `space` (euclidean and canonical: the metric of the Stiefel manifold; rotations), `op`,
`label`, `single` (whether the inputs fit f32), `size` [n, k], `p`, and `v` or `q`, row by row.
`space` exponential has a general matrix `v`, and expected is e^v - 1.
"""

import json
import pathlib
import random
import struct
import sys

import mpmath as mp

mp.mp.dps = 60
M = mp.mpf
FILE = pathlib.Path(__file__).with_name("matrices.json")
BETA = {"euclidean": M(1), "canonical": M(1) / 2, "rotations": M(1) / 2}


class Draws:
    """Normal-ish numbers from integers, the same everywhere."""

    def __init__(self, seed):
        self.random = random.Random(seed)

    def number(self):
        return sum(M(self.random.randrange(1, 2**32)) / 2**32 for _ in range(12)) - 6

    def matrix(self, n, k):
        return mp.matrix([[self.number() for _ in range(k)] for _ in range(n)])


def skew(a):
    return (a - a.T) / 2


def norm(a):
    return mp.sqrt(sum(x * x for x in a))


def polar(z):
    """By Newton and Schulz from nearly orthonormal columns, after Gram and Schmidt for others."""
    defect = norm(z.T * z - mp.eye(z.cols))
    if defect > M("1e-3"):
        z, _ = mp.qr(z, mode="skinny")
    for _ in range(12):
        z = z * (3 * mp.eye(z.cols) - z.T * z) / 2
    return z


def tangent(p, z):
    along = p.T * z
    return z - p * (along + along.T) / 2


def length(p, v, beta):
    along = p.T * v
    return mp.sqrt(norm(v) ** 2 - (1 - beta) * norm(along) ** 2)


def exp(p, v, beta):
    along = skew(p.T * v)
    across = v - p * (p.T * v)
    generator = 2 * beta * p * along * p.T + across * p.T - p * across.T
    end = mp.expm(generator) * p
    return end if beta == M(1) / 2 else end * mp.expm((1 - 2 * beta) * along)


def basis(p):
    """Of the tangent space at p, by projection of unit matrices and Gram and Schmidt."""
    found = []
    for i in range(p.rows):
        for j in range(p.cols):
            e = mp.zeros(p.rows, p.cols)
            e[i, j] = 1
            v = tangent(p, e)
            for _ in range(2):
                for b in found:
                    v = v - b * sum(x * y for x, y in zip(b, v))
            if norm(v) > M("1e-8"):
                found.append(v / norm(v))
    return found


def log(p, q, beta, v):
    """Newton's method; the ends differ from those of v by the rounding of q."""
    h = M("1e-28")
    directions = basis(p)
    q = polar(q)
    v = tangent(p, v)
    start = exp(p, v, beta)
    jacobian = mp.zeros(p.rows * p.cols, len(directions))
    for j, b in enumerate(directions):
        column = (exp(p, v + h * b, beta) - start) / h
        for i, x in enumerate(column):
            jacobian[i, j] = x
    normal = jacobian.T * jacobian
    for _ in range(30):
        miss = q - exp(p, v, beta)
        right = jacobian.T * mp.matrix(list(miss))
        step = mp.lu_solve(normal, right)
        change = mp.zeros(p.rows, p.cols)
        for s, b in zip(step, directions):
            change += s * b
        v = v + change
        if norm(change) < M("1e-35") * norm(v):
            return v
    raise ValueError("Newton's method did not converge")


def rounded(a, single):
    def to(x):
        return struct.unpack("f", struct.pack("f", float(x)))[0] if single else float(x)

    return mp.matrix([[M(to(a[i, j])) for j in range(a.cols)] for i in range(a.rows)])


def rows(a):
    return [float(x) for x in a]


def pair(space, op, label, p, v, single):
    """The case of a velocity, or of the end of its geodesic."""
    beta = BETA[space]
    case = {"space": space, "op": op, "label": label, "single": single, "size": [p.rows, p.cols]}
    given = rounded(p, single)
    exact = polar(given)
    if op == "exp":
        v = rounded(tangent(exact, v), single)
        end = exp(exact, tangent(exact, v), beta)
        return case | {"p": rows(given), "v": rows(v), "expected": rows(end)}
    v = tangent(exact, v)
    q = rounded(exp(exact, v, beta), single)
    return case | {"p": rows(given), "q": rows(q), "expected": rows(log(exact, q, beta, v))}


def frames(draws):
    lengths = ["1e-9", "1e-3", "0.5", "1.5707963"]
    for space in ("euclidean", "canonical"):
        for n, k in [(3, 1), (4, 2), (3, 2), (5, 3), (6, 2)]:
            for op in ("exp", "log"):
                for size in lengths + (["12"] if op == "exp" else []):
                    for single in (False, True):
                        if single and size == "1e-9":
                            continue
                        p = polar(draws.matrix(n, k))
                        v = tangent(p, draws.matrix(n, k))
                        v = v * (M(size) / length(p, v, BETA[space]))
                        yield pair(space, op, size, p, v, single)


def rotations(draws):
    pi = mp.pi
    angles = {
        "tiny": [M("1e-9")],
        "small": [M("1e-3")],
        "one": [M(1)],
        "three": [M(3)],
        "pi - 1e-6": [pi - M("1e-6")],
        "pi - 1e-12": [pi - M("1e-12")],
        "equal": [M(1), M(1)],
        "far apart": [pi - M("1e-4"), M("1e-4")],
        "large": [M("2.9"), M("2.8")],
    }
    for n in (2, 3, 4, 5):
        for label, turns in angles.items():
            if 2 * len(turns) > n:
                continue
            for op in ("exp", "log"):
                for single in (False, True):
                    if single and (label == "tiny" or "pi" in label):
                        continue
                    p, basis = polar(draws.matrix(n, n)), polar(draws.matrix(n, n))
                    if mp.det(p) < 0:
                        p[:, n - 1] = -p[:, n - 1]
                    block = mp.zeros(n, n)
                    for i, angle in enumerate(turns):
                        block[2 * i, 2 * i + 1] = -angle
                        block[2 * i + 1, 2 * i] = angle
                    v = p * (basis * block * basis.T)
                    yield pair("rotations", op, label, p, v, single)


def exponentials(draws):
    for n in (1, 2, 3, 5, 8):
        for size in ("1e-9", "0.5", "3", "30"):
            for kind in ("general", "skew", "triangular"):
                a = draws.matrix(n, n)
                if kind == "skew":
                    a = skew(a)
                if kind == "triangular":
                    for i in range(n):
                        for j in range(i):
                            a[i, j] = M(0)
                if norm(a) == 0:
                    continue
                a = rounded(a * (M(size) / norm(a)), False)
                case = {"space": "exponential", "op": "exp", "label": f"{kind} {size}"}
                case |= {"single": False, "size": [n, n], "p": [], "v": rows(a)}
                yield case | {"expected": rows(mp.expm(a) - mp.eye(n))}


def main():
    cases = [*frames(Draws(1)), *rotations(Draws(2)), *exponentials(Draws(3))]
    made = "[\n" + ",\n".join(json.dumps(c, separators=(",", ":")) for c in cases) + "\n]\n"
    if "--check" in sys.argv[1:]:
        if FILE.read_text() != made:
            sys.exit(f"{FILE} is not what this script makes")
        print(f"{FILE.name} is what the script makes")
        return
    FILE.write_text(made)
    print(f"{FILE.name}: {len(cases)} cases, {len(made) / 1e6:.2f} MB")


if __name__ == "__main__":
    main()
