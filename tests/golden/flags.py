"""Makes flags.json: frames and tangents in f64 and what the exact operations give for them.

    python3 -m venv /tmp/golden && /tmp/golden/bin/pip install mpmath==1.4.1
    /tmp/golden/bin/python tests/golden/flags.py            writes tests/golden/flags.json
    /tmp/golden/bin/python tests/golden/flags.py --check    fails if the committed file differs

References are at 60 digits and share no formula with the crate. A frame in f64 is not exactly
orthonormal, so the reference takes the nearest one that is (the polar factor), and projects the tangent
exactly there. `q` is the exponential of an n x n skew matrix times the frame, by mpmath's expm;
`chordal` is the distance of the blocks' projectors as n x n matrices between p and q; `turned` is q,
rounded, with its blocks turned at random: `log` is what leads there from p, the tangent itself.
"""

import json
import pathlib
import random
import sys

import mpmath as mp

mp.mp.dps = 60
FILE = pathlib.Path(__file__).with_name("flags.json")
TYPES = [(10, [1, 3]), (5, [1, 2, 4]), (3, [1, 2, 3]), (6, [3])]
LENGTHS = ["1e-12", "1e-7", "1e-3", "0.02", "0.05", "0.3", "1.1"]


def polar(z):
    """The nearest frame, by Newton and Schulz's iteration at full precision."""
    x = z / mp.mnorm(z, "f")
    for _ in range(200):
        step = x * (3 * mp.eye(x.cols) - x.T * x) / 2
        if mp.mnorm(step - x, "f") < mp.mpf(10) ** -58:
            return step
        x = step
    raise ArithmeticError("no polar factor")


def rounded(a):
    return mp.matrix([[mp.mpf(float(a[i, j])) for j in range(a.cols)] for i in range(a.rows)])


def blocks(dims):
    return list(zip([0] + dims[:-1], dims))


def horizontal(p, z, dims):
    m = p.T * z
    a = (m - m.T) / 2
    for start, end in blocks(dims):
        for i in range(start, end):
            for j in range(start, end):
                a[i, j] = 0
    return p * a + z - p * m


def length(p, v):
    a = p.T * v
    return mp.sqrt(mp.mnorm(v, "f") ** 2 - mp.mnorm(a, "f") ** 2 / 2)


def exponential(p, v):
    along = p.T * v
    across = v - p * along
    skew = p * along * p.T + across * p.T - p * across.T
    return mp.expm(skew, method="taylor") * p


def chordal(p, q, dims):
    total = mp.mpf(0)
    for start, end in blocks(dims):
        a, b = p[:, start:end], q[:, start:end]
        total += mp.mnorm(a * a.T - b * b.T, "f") ** 2 / 2
    return mp.sqrt(total)


def turned(q, dims, draw):
    out = q.copy()
    for start, end in blocks(dims):
        size = end - start
        turn = polar(mp.matrix([[draw() for _ in range(size)] for _ in range(size)]))
        out[:, start:end] = q[:, start:end] * turn
    return out


def numbers(a):
    return [float(a[i, j]) for i in range(a.rows) for j in range(a.cols)]


def cases():
    source = random.Random(20230313)
    draw = lambda: mp.mpf(source.randrange(-(10**6), 10**6)) / 10**6
    for n, dims in TYPES:
        for text in LENGTHS:
            matrix = lambda: mp.matrix([[draw() for _ in range(dims[-1])] for _ in range(n)])
            p = rounded(polar(matrix()))
            exact_p = polar(p)
            v = horizontal(exact_p, matrix(), dims)
            v = rounded(v * (mp.mpf(text) / length(exact_p, v)))
            exact_v = horizontal(exact_p, v, dims)
            q = exponential(exact_p, exact_v)
            yield {
                "n": n,
                "dims": dims,
                "p": numbers(p),
                "v": numbers(v),
                "length": float(length(exact_p, exact_v)),
                "q": numbers(q),
                "chordal": float(chordal(exact_p, q, dims)),
                "turned": numbers(turned(q, dims, draw)),
            }


def main():
    text = json.dumps(list(cases()), indent=None, separators=(",", ":")).replace("},{", "},\n{") + "\n"
    if "--check" in sys.argv[1:]:
        sys.exit(0 if FILE.read_text() == text else "flags.json differs")
    FILE.write_text(text)


main()
