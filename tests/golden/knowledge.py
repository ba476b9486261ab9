"""Makes knowledge.json: scores of knowledge graph models by textbook formulas.

Run it with mpmath installed, from the root of the checkout:

    python3 tests/golden/knowledge.py            writes tests/golden/knowledge.json
    python3 tests/golden/knowledge.py --check    fails if the committed file differs

The references use 120 digits, the Möbius sum as Ungar writes it, and d = 2/s artanh(s |-x (+) y|), s = sqrt(c).
Their inputs are exactly the numbers in the file. There are 5 entities in 4 dimensions and 2 relations with their
inverses, so 4 rows of each table of relations. `u` gives the curvatures -ln(1 + e^u) of relations, `kappa` is that of
MuRP. `scores` has a row for each question (head, relation) of `questions`, and a column for each entity.
"""

import json
import pathlib
import random
import sys

from mpmath import mp

mp.dps = 120
M = mp.mpf
FILE = pathlib.Path(__file__).with_name("knowledge.json")
ENTITIES, ROWS, DIM = 5, 4, 4
QUESTIONS = [[0, 0], [1, 1], [2, 2], [3, 3], [4, 1], [0, 2]]
# Method, and the length of the vectors.
CASES = [(m, s) for m in "MuRP MuRE RotH RotE RefH RefE AttH AttE".split() for s in (1e-3, 0.3, 1.5)]
CASES += [(m, 4.0) for m in "RotH RefH AttH".split()]


def dot(x, y):
    return mp.fsum(a * b for a, b in zip(x, y))


def norm(x):
    return mp.sqrt(dot(x, x))


def add(x, y):
    return [a + b for a, b in zip(x, y)]


def times(k, x):
    return [k * a for a in x]


def exp0(v, c):
    n = mp.sqrt(c) * norm(v)
    return times(mp.tanh(n) / n, v)


def log0(x, c):
    n = mp.sqrt(c) * norm(x)
    return times(mp.atanh(n) / n, x)


def mobius(x, y, c):
    xy, xx, yy = dot(x, y), dot(x, x), dot(y, y)
    den = 1 + 2 * c * xy + c * c * xx * yy
    return [((1 + 2 * c * xy + c * yy) * a + (1 - c * xx) * b) / den for a, b in zip(x, y)]


def dist(x, y, c):
    s = mp.sqrt(c)
    return 2 / s * mp.atanh(s * norm(mobius(times(-1, x), y, c)))


def turned(x, angles, sign):
    """sign 1: rotated, -1: reflected."""
    out = []
    for i, a in enumerate(angles):
        p, q = x[2 * i], x[2 * i + 1]
        out += [p * mp.cos(a) - sign * q * mp.sin(a), p * mp.sin(a) + sign * q * mp.cos(a)]
    return out


def score(case, h, r, t):
    method = case["method"]
    head, tail = case["entities"][h], case["entities"][t]
    to = case["translations"][r]
    hyperbolic = method[-1] in "PH"
    c = -case["kappa"] if method == "MuRP" else mp.log(1 + mp.exp(case["u"][r]))

    def linear(x):
        if method.startswith("MuR"):
            return [a * b for a, b in zip(case["scales"][r], x)]
        if method.startswith("Rot"):
            return turned(x, case["rotations"][r], 1)
        if method.startswith("Ref"):
            return turned(x, case["reflections"][r], -1)
        both = [turned(x, case["reflections"][r], -1), turned(x, case["rotations"][r], 1)]
        weights = [mp.exp(dot(case["attention"][r], y) / mp.sqrt(DIM)) for y in both]
        return add(*[times(w / mp.fsum(weights), y) for w, y in zip(weights, both)])

    if method == "MuRP":
        d = dist(exp0(linear(log0(head, c)), c), mobius(tail, to, c), c)
    elif method == "MuRE":
        d = norm(add(linear(head), times(-1, add(tail, to))))
    elif not hyperbolic:
        d = norm(add(add(linear(head), to), times(-1, tail)))
    elif method == "RotH":
        before = exp0(case["translations_before"][r], c)
        moved = mobius(linear(mobius(exp0(head, c), before, c)), exp0(to, c), c)
        d = dist(moved, exp0(tail, c), c)
    else:
        d = dist(mobius(exp0(linear(head), c), exp0(to, c), c), exp0(tail, c), c)
    return case["head_biases"][h] + case["tail_biases"][t] - d * d


def make(method, size, rng):
    def table(rows, width, scale):
        return [[rng.gauss(0, 1) * scale for _ in range(width)] for _ in range(rows)]

    def points(rows, kappa):
        """Inside of the ball."""
        out = []
        for row in table(rows, DIM, 1.0):
            length = sum(a * a for a in row) ** 0.5
            radius = float(mp.tanh(size * rng.uniform(0.5, 1.5))) / (-kappa) ** 0.5
            out.append([a * radius / length for a in row])
        return out

    kappa = -0.7
    vectors = points if method == "MuRP" else lambda rows, _: table(rows, DIM, size / DIM**0.5)
    case = {
        "method": method,
        "size": size,
        "kappa": kappa,
        "u": [rng.uniform(-1.5, 1.5) for _ in range(ROWS)],
        "entities": vectors(ENTITIES, kappa),
        "translations": vectors(ROWS, kappa),
        "translations_before": table(ROWS, DIM, size / DIM**0.5),
        "scales": [[rng.uniform(-1, 1) for _ in range(DIM)] for _ in range(ROWS)],
        "rotations": table(ROWS, DIM // 2, 2.0),
        "reflections": table(ROWS, DIM // 2, 2.0),
        "attention": table(ROWS, DIM, 1.0),
        "head_biases": [rng.gauss(0, 1) for _ in range(ENTITIES)],
        "tail_biases": [rng.gauss(0, 1) for _ in range(ENTITIES)],
    }
    exact = {
        key: value
        if isinstance(value, str)
        else M(value)
        if isinstance(value, float)
        else [[M(a) for a in row] if isinstance(row, list) else M(row) for row in value]
        for key, value in case.items()
    }
    case["questions"] = QUESTIONS
    case["scores"] = [
        [float(score(exact, h, r, t)) for t in range(ENTITIES)] for h, r in QUESTIONS
    ]
    return case


def main():
    rng = random.Random(7)
    cases = [make(method, size, rng) for method, size in CASES]
    text = json.dumps(cases, separators=(",", ":")) + "\n"
    if "--check" in sys.argv:
        sys.exit(0 if FILE.read_text() == text else "knowledge.json differs")
    FILE.write_text(text)


main()
