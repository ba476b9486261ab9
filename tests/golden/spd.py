"""Makes spd.json: symmetric positive definite matrices in f64, and what exact operations give for them.

    python3 -m venv /tmp/golden && /tmp/golden/bin/pip install mpmath==1.4.1
    /tmp/golden/bin/python tests/golden/spd.py            writes tests/golden/spd.json
    /tmp/golden/bin/python tests/golden/spd.py --check    fails if the committed file differs

References are textbook formulas at 90 digits by eigenvectors of symmetric matrices and roots of
matrices: p^(1/2) log(p^(-1/2) q p^(-1/2)) p^(1/2), divided differences, traces. They share no
formula with the crate, but for the Cholesky factor by which the log-Cholesky metric is defined.
The script is deterministic: it draws integers and does all arithmetic in mpmath.

A case has `n`, `condition` (of p), `pair` (how q relates to p: far has other eigenvectors and the
same condition, mid is about 1 from p, near differs from p by a few parts in 1e9 of the least eigenvalue,
repeated has eigenvalues that coincide), `p`, `q`, a tangent `v` at p, all row by row, and per
metric `dist`, `log` (of q at p), `norm` (of v) and, but for Bures-Wasserstein, `transport` of v
from p to q. `exp` is that of v at p.
"""

import json
import pathlib
import random
import sys

import mpmath as mp

mp.mp.dps = 90
M = mp.mpf
FILE = pathlib.Path(__file__).with_name("spd.json")


def sym(a):
    return (a + a.T) / 2


def rounded(a):
    """Entries as f64, as an exact matrix; symmetric where a is, to rounding."""
    n = a.rows
    out = mp.matrix(n, n)
    for i in range(n):
        for j in range(i + 1):
            out[i, j] = out[j, i] = M(float(a[i, j]))
    return out


def rows(a):
    return [float(a[i, j]) for i in range(a.rows) for j in range(a.cols)]


def spectral(f, s):
    values, vectors = mp.eigsy(sym(s))
    return vectors * mp.diag([f(x) for x in values]) * vectors.T


def root(s):
    return spectral(mp.sqrt, s)


def norm(a):
    return mp.sqrt(mp.fsum(x * x for x in a))


def trace(a):
    return mp.fsum(a[i, i] for i in range(a.rows))


def entries(p, a, factor):
    """U (factor(λi, λj) ∘ UᵀaU) Uᵀ"""
    values, u = mp.eigsy(sym(p))
    inner = u.T * a * u
    for i in range(p.rows):
        for j in range(p.rows):
            inner[i, j] *= factor(values[i], values[j])
    return u * inner * u.T


def log_quotient(a, b):
    # Nearer than this they are one eigenvalue, split by the rounding of the decomposition.
    if abs(a - b) < M(10) ** -60 * abs(a):
        return 1 / a
    return (mp.log(a) - mp.log(b)) / (a - b)


class Affine:
    def whiten(self, p, v):
        inverse = root(p) ** -1
        return sym(inverse * v * inverse)

    def dist(self, p, q):
        return norm(spectral(mp.log, self.whiten(p, q)))

    def log(self, p, q):
        r = root(p)
        return sym(r * spectral(mp.log, self.whiten(p, q)) * r)

    def exp(self, p, v):
        r = root(p)
        return sym(r * spectral(mp.exp, self.whiten(p, v)) * r)

    def norm(self, p, v):
        return norm(self.whiten(p, v))

    def transport(self, p, q, v):
        r = root(p)
        e = r * root(self.whiten(p, q)) * r**-1
        return sym(e * v * e.T)


class LogEuclidean:
    def dist(self, p, q):
        return norm(spectral(mp.log, q) - spectral(mp.log, p))

    def velocity(self, p, v):
        return entries(p, v, log_quotient)

    def back(self, p, y):
        return sym(entries(p, y, lambda a, b: 1 / log_quotient(a, b)))

    def log(self, p, q):
        return self.back(p, spectral(mp.log, q) - spectral(mp.log, p))

    def exp(self, p, v):
        return sym(spectral(mp.exp, spectral(mp.log, p) + self.velocity(p, v)))

    def norm(self, p, v):
        return norm(self.velocity(p, v))

    def transport(self, p, q, v):
        return self.back(q, self.velocity(p, v))


class LogCholesky:
    def triangle(self, p, v):
        l = mp.cholesky(p)
        inverse = l**-1
        s = inverse * v * inverse.T
        for i in range(p.rows):
            s[i, i] /= 2
            for j in range(i + 1, p.rows):
                s[i, j] = 0
        return l, l * s

    def dist(self, p, q):
        a, b = mp.cholesky(p), mp.cholesky(q)
        n = p.rows
        below = mp.fsum((a[i, j] - b[i, j]) ** 2 for i in range(n) for j in range(i))
        return mp.sqrt(below + mp.fsum(mp.log(b[i, i] / a[i, i]) ** 2 for i in range(n)))

    def log(self, p, q):
        a, b = mp.cholesky(p), mp.cholesky(q)
        t = b - a
        for i in range(p.rows):
            t[i, i] = a[i, i] * mp.log(b[i, i] / a[i, i])
        return sym(a * t.T + t * a.T)

    def exp(self, p, v):
        l, t = self.triangle(p, v)
        k = l + t
        for i in range(p.rows):
            k[i, i] = l[i, i] * mp.exp(t[i, i] / l[i, i])
        return k * k.T

    def norm(self, p, v):
        l, t = self.triangle(p, v)
        n = p.rows
        below = mp.fsum(t[i, j] ** 2 for i in range(n) for j in range(i))
        return mp.sqrt(below + mp.fsum((t[i, i] / l[i, i]) ** 2 for i in range(n)))

    def transport(self, p, q, v):
        l, t = self.triangle(p, v)
        k = mp.cholesky(q)
        for i in range(p.rows):
            t[i, i] *= k[i, i] / l[i, i]
        return sym(k * t.T + t * k.T)


class BuresWasserstein:
    def dist(self, p, q):
        r = root(p)
        return mp.sqrt(max(M(0), trace(p) + trace(q) - 2 * trace(root(r * q * r))))

    def log(self, p, q):
        r = root(p)
        plan = r**-1 * root(r * q * r) * r**-1
        return sym(plan * p + p * plan - 2 * p)

    def lyapunov(self, p, v):
        return sym(entries(p, v, lambda a, b: 1 / (a + b)))

    def exp(self, p, v):
        x = self.lyapunov(p, v)
        return sym(p + v + x * p * x)

    def norm(self, p, v):
        return mp.sqrt(trace(self.lyapunov(p, v) * v) / 2)

    transport = None


METRICS = {
    "affine_invariant": Affine(),
    "log_euclidean": LogEuclidean(),
    "log_cholesky": LogCholesky(),
    "bures_wasserstein": BuresWasserstein(),
}


# ------------------------------------------------------------------------------- cases
def number(rng):
    return M(rng.randrange(-(10**6), 10**6 + 1)) / 10**6


def orthogonal(rng, n):
    a = mp.matrix(n, n)
    for i in range(n):
        for j in range(n):
            a[i, j] = number(rng)
    q, _ = mp.qr(a)
    return q


def point(rng, n, condition, repeated=False):
    u = orthogonal(rng, n)
    logs = [number(rng) / 2 for _ in range(n)]
    logs[0], logs[-1] = M(-1) / 2, M(1) / 2
    if n == 1:
        logs = [number(rng)]
    if repeated:
        logs = [M(-1) / 2 if 2 * i < n else M(1) / 2 for i in range(n)]
    return rounded(u * mp.diag([M(condition) ** x for x in logs]) * u.T)


def random_symmetric(rng, n):
    a = mp.matrix(n, n)
    for i in range(n):
        for j in range(i + 1):
            a[i, j] = a[j, i] = number(rng)
    return a


def partner(rng, p, condition, pair):
    n = p.rows
    if pair == "far":
        return point(rng, n, condition)
    if pair == "repeated":
        return rounded(p * 3)
    if pair == "near":
        # What f64 can hold: relative to the least eigenvalue.
        least = min(mp.eigsy(p, eigvals_only=True))
        return rounded(p + random_symmetric(rng, n) * least * M(10) ** -9)
    r = root(p)
    return rounded(r * spectral(mp.exp, random_symmetric(rng, n)) * r)


def case(rng, n, condition, pair):
    p = point(rng, n, condition, pair == "repeated")
    q = partner(rng, p, condition, pair)
    r = mp.cholesky(p)
    v = rounded(r * random_symmetric(rng, n) * r.T / 2)
    out = {"n": n, "condition": condition, "pair": pair, "p": rows(p), "q": rows(q), "v": rows(v)}
    for name, metric in METRICS.items():
        results = {
            "dist": float(metric.dist(p, q)),
            "log": rows(metric.log(p, q)),
            "exp": rows(metric.exp(p, v)),
            "norm": float(metric.norm(p, v)),
        }
        if metric.transport:
            results["transport"] = rows(metric.transport(p, q, v))
        out[name] = results
    return out


def main():
    rng = random.Random(20070301)
    cases = []
    for n in (1, 2, 3, 8):
        for condition in (1, 100, 10**6, 10**12):
            for pair in ("far", "mid", "near", "repeated"):
                # Nearer than 1e-9 of a least eigenvalue of 1e-6 nothing is left of f64.
                if pair == "near" and condition > 10**6:
                    continue
                # Both would be the identity.
                if pair == "far" and condition == 1 and n > 1:
                    continue
                cases.append(case(rng, n, condition, pair))
    text = "[\n" + ",\n".join(json.dumps(c) for c in cases) + "\n]\n"
    if "--check" in sys.argv:
        sys.exit(0 if FILE.read_text() == text else "spd.json differs")
    FILE.write_text(text)


if __name__ == "__main__":
    main()
