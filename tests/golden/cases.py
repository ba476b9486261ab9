"""Makes cases.json: inputs in f64 and what the exact operation gives for exactly these inputs.

    python3 -m venv /tmp/golden && /tmp/golden/bin/pip install mpmath==1.4.1
    /tmp/golden/bin/python tests/golden/cases.py            writes tests/golden/cases.json
    /tmp/golden/bin/python tests/golden/cases.py --check    fails if the committed file differs

References are textbook formulas at 320 digits: Möbius addition and gyration by their definitions on
the ball, the Minkowski form on the hyperboloid, the angle on the sphere. They share no formula with
the crate. The script is deterministic: it draws integers and does all arithmetic in mpmath.

A case has `manifold`, `curvature`, `op`, `radius` and the arguments of its op: dist and log x y,
exp x u, transport x y v, project x. Vectors are what the file says, to the last bit:

- poincare: points and tangents of the ball. y is kept only if 1 + curvature |y|² > 0 exactly.
- lorentz: spatial parts. Times follow from the hyperboloid's equation, tangents from tangency,
  both exactly. For project, `expected` is the whole point, time first.
- sphere: ambient vectors. A point in f64 is not exactly on the sphere; the reference scales it to
  the sphere exactly, and projects tangents to the tangent space there exactly.

`radius` is sqrt(|curvature|) times the distance of x from the origin, so 30 means the same nearness
to the boundary in every curvature (on the sphere it is 0). Separations are sqrt(|curvature|) times
the distance of x and y, or times the Riemannian length of u. One kind of exp is left out: those
whose exact result is nearer than 0.01 to the origin while x is not, where the relative error of
coordinates asks for more than the inputs' own rounding says.
"""

import json
import pathlib
import random
import sys

import mpmath as mp

mp.mp.dps = 320
M = mp.mpf
FILE = pathlib.Path(__file__).with_name("cases.json")
RADII = [0, 0.5, 2, 8, 16, 30]
SEPARATIONS = ["1e-9", "1e-6", "1e-3", "0.1", "1", "5", "20"]
DIRECTIONS = ["random", "inward", "outward", "across", "spatial"]
HYPERBOLIC = [-1.0, -0.25, -3.0, -0.7]
SPHERICAL = [1.0, 0.3, 4.0]
DIMENSIONS = [2, 3, 4, 7, 16]


# ------------------------------------------------------------------------------- vectors
def dot(a, b):
    return mp.fsum(p * q for p, q in zip(a, b))


def norm(a):
    return mp.sqrt(dot(a, a))


def scale(t, a):
    return [t * p for p in a]


def add(a, b):
    return [p + q for p, q in zip(a, b)]


def sub(a, b):
    return [p - q for p, q in zip(a, b)]


def exact(a):
    return [M(p) for p in a]


def rounded(a):
    return [float(p) for p in a]


# ------------------------------------------------------------------------------- references
class Poincare:
    """The ball of curvature -c: |x|² < 1/c."""

    def __init__(self, curvature):
        self.c = -M(curvature)

    def plus(self, a, b):
        c, ab, aa, bb = self.c, dot(a, b), dot(a, a), dot(b, b)
        top = add(scale(1 + 2 * c * ab + c * bb, a), scale(1 - c * aa, b))
        return scale(1 / (1 + 2 * c * ab + c * c * aa * bb), top)

    def conformal(self, x):
        return 2 / (1 - self.c * dot(x, x))

    def dist(self, x, y):
        root = mp.sqrt(self.c)
        return 2 / root * mp.atanh(root * norm(self.plus(scale(-1, x), y)))

    def exp(self, x, u):
        n, root = norm(u), mp.sqrt(self.c)
        if n == 0:
            return x
        length = mp.tanh(root * self.conformal(x) * n / 2) / root
        return self.plus(x, scale(length / n, u))

    def log(self, x, y):
        w = self.plus(scale(-1, x), y)
        n, root = norm(w), mp.sqrt(self.c)
        if n == 0:
            return w
        return scale(2 / (root * self.conformal(x)) * mp.atanh(root * n) / n, w)

    def transport(self, x, y, v):
        """gyr[y, -x] v by its definition; gyr is linear, so v is shortened into the ball first."""
        short = 1 / (2 * mp.sqrt(self.c) * norm(v))
        a, b, w = y, scale(-1, x), scale(short, v)
        gyrated = self.plus(scale(-1, self.plus(a, b)), self.plus(a, self.plus(b, w)))
        return scale(self.conformal(x) / self.conformal(y) / short, gyrated)

    def project(self, x):
        return x

    def holds(self, x):
        return 1 - self.c * dot(x, x) > 0

    def polar(self, r, direction):
        return scale(mp.tanh(r / 2) / mp.sqrt(self.c), direction)

    def tangent(self, x, along, across):
        """The vector with these orthonormal components along x and across it."""
        return scale(1 / self.conformal(x), add(along, across))


class Lorentz:
    """The hyperboloid <p, p> = -1/c, given by spatial parts."""

    def __init__(self, curvature):
        self.c = -M(curvature)

    def point(self, x):
        return [mp.sqrt(1 / self.c + dot(x, x))] + x

    def vector(self, p, u):
        return [dot(p[1:], u) / p[0]] + u

    def form(self, a, b):
        return dot(a[1:], b[1:]) - a[0] * b[0]

    def dist(self, x, y):
        if x == y:  # else the last of the 320 digits shows
            return M(0)
        return mp.acosh(-self.c * self.form(self.point(x), self.point(y))) / mp.sqrt(self.c)

    def exp(self, x, u):
        p = self.point(x)
        w = self.vector(p, u)
        s = mp.sqrt(self.c * self.form(w, w))
        if s == 0:
            return x
        return add(scale(mp.cosh(s), x), scale(mp.sinh(s) / s, u))

    def log(self, x, y):
        s = mp.sqrt(self.c) * self.dist(x, y)
        if s == 0:
            return scale(0, x)
        return scale(s / mp.sinh(s), sub(y, scale(mp.cosh(s), x)))

    def transport(self, x, y, v):
        p, q = self.point(x), self.point(y)
        w = self.vector(p, v)
        return add(v, scale(self.c * self.form(q, w) / (1 - self.c * self.form(p, q)), add(x, y)))

    def project(self, x):
        return self.point(x)

    def holds(self, x):
        return True

    def polar(self, r, direction):
        return scale(mp.sinh(r) / mp.sqrt(self.c), direction)

    def tangent(self, x, along, across):
        return add(scale(mp.sqrt(1 + self.c * dot(x, x)), along), across)


class Sphere:
    """The sphere |p|² = 1/c; points are scaled to it, tangents projected."""

    def __init__(self, curvature):
        self.c = M(curvature)

    def point(self, x):
        return scale(1 / (mp.sqrt(self.c) * norm(x)), x)

    def vector(self, p, u):
        return sub(u, scale(self.c * dot(p, u), p))

    def angle(self, p, q):
        if p == q:
            return M(0)
        cosine = self.c * dot(p, q)
        return mp.atan2(mp.sqrt(self.c) * norm(sub(q, scale(cosine, p))), cosine)

    def dist(self, x, y):
        return self.angle(self.point(x), self.point(y)) / mp.sqrt(self.c)

    def exp(self, x, u):
        p = self.point(x)
        w = self.vector(p, u)
        s = mp.sqrt(self.c) * norm(w)
        return add(scale(mp.cos(s), p), scale(mp.sin(s) / s if s else M(1), w))

    def log(self, x, y):
        p, q = self.point(x), self.point(y)
        s = self.angle(p, q)
        if s == 0:
            return scale(0, p)
        return scale(s / mp.sin(s), self.vector(p, q))

    def transport(self, x, y, v):
        p, q = self.point(x), self.point(y)
        w = self.vector(p, v)
        return sub(w, scale(self.c * dot(q, w) / (1 + self.c * dot(p, q)), add(p, q)))

    def project(self, x):
        return self.point(x)


SPACES = {"poincare": Poincare, "lorentz": Lorentz, "sphere": Sphere}


def expected(case):
    """The exact result of the case's op for its arguments, rounded to f64 at the end."""
    space = SPACES[case["manifold"]](case["curvature"])
    arguments = [exact(case[name]) for name in "xyuv" if name in case]
    result = getattr(space, case["op"])(*arguments)
    return rounded(result) if isinstance(result, list) else float(result)


# ------------------------------------------------------------------------------- inputs
class Draws:
    """Random vectors from integers alone: the same on every machine."""

    def __init__(self, seed):
        self.random = random.Random(seed)

    def coordinate(self):
        """About normal: the sum of a few uniform integers."""
        return M(sum(self.random.randrange(-(2**40), 2**40) for _ in range(6))) / 2**41

    def vector(self, n):
        return [self.coordinate() for _ in range(n)]

    def unit(self, n):
        v = self.vector(n)
        return scale(1 / norm(v), v)

    def unit_across(self, axis):
        v = self.vector(len(axis))
        v = sub(v, scale(dot(v, axis), axis))
        return scale(1 / norm(v), v)


def velocity(draws, space, x, axis, kind, length):
    """A tangent at x of sqrt(c) times its Riemannian length `length`."""
    n = len(x)
    if kind == "spatial":  # isotropic in coordinates; far out on the hyperboloid almost all across
        w = draws.unit(n)
        along = scale(dot(w, axis), axis)
        across = sub(w, along)
        if isinstance(space, Lorentz):
            along = scale(1 / mp.sqrt(1 + space.c * dot(x, x)), along)
        size = mp.sqrt(dot(along, along) + dot(across, across))
        along, across = scale(1 / size, along), scale(1 / size, across)
    elif kind == "random":
        w = draws.unit(n)
        along = scale(dot(w, axis), axis)
        across = sub(w, along)
    elif kind == "across":
        along, across = scale(0, axis), draws.unit_across(axis)
    else:
        along, across = scale(1 if kind == "outward" else -1, axis), scale(0, axis)
    size = length / mp.sqrt(space.c)
    if kind in ("inward", "outward") and isinstance(space, Lorentz) and norm(x) > mp.exp(40):
        return rounded(scale(length if kind == "outward" else -length, x))
    return rounded(space.tangent(x, scale(size, along), scale(size, across)))


def hyperbolic(draws, manifold, cycle):
    for r in RADII:
        for op in ["dist", "exp", "log", "transport"]:
            for separation in SEPARATIONS:
                for kind in DIRECTIONS:
                    curvature, n = next(cycle)
                    yield hyperbolic_case(draws, manifold, curvature, n, op, r, separation, kind)
            for special in ["same", "opposite", "origin"]:
                curvature, n = next(cycle)
                yield special_case(draws, manifold, curvature, n, op, r, special)
        for _ in range(3):
            curvature, n = next(cycle)
            x = SPACES[manifold](curvature).polar(M(r), draws.unit(n))
            yield head(manifold, curvature, "project", r) | {"x": rounded(x)}


def far_lorentz(draws, cycle):
    """Radii where only finiteness is asked. Velocities along x are x times a power of two: rounding
    any other would turn it, and out here a turn of 1e-16 is a velocity across x of 1e5 and more."""
    for r in [50, 100]:
        for op in ["dist", "exp", "log", "transport"]:
            for separation in ["0.125", "16"]:
                for kind in ["inward", "outward", "across", "spatial"]:
                    curvature, n = next(cycle)
                    yield hyperbolic_case(draws, "lorentz", curvature, n, op, r, separation, kind)


def head(manifold, curvature, op, radius):
    return {"manifold": manifold, "curvature": curvature, "op": op, "radius": float(radius)}


def hyperbolic_case(draws, manifold, curvature, n, op, r, separation, kind):
    space = SPACES[manifold](curvature)
    axis = draws.unit(n)
    x = rounded(space.polar(M(r), axis))
    u = velocity(draws, space, exact(x), axis, kind, M(separation))
    case = head(manifold, curvature, op, r) | {"x": x}
    if op == "exp":
        return case | {"u": u}
    case["y"] = rounded(space.exp(exact(x), exact(u)))
    if op == "transport":
        case["v"] = velocity(draws, space, exact(x), axis, "random", M(1))
    return case


def special_case(draws, manifold, curvature, n, op, r, special):
    """Identical points or a zero vector; the point opposite; from far out to the origin or a unit step."""
    space = SPACES[manifold](curvature)
    axis = draws.unit(n)
    x = rounded(space.polar(M(r), axis))
    case = head(manifold, curvature, op, r) | {"x": x}
    if op == "exp":
        length = {"same": M(0), "opposite": 2 * M(r) + 1, "origin": M(3)}[special]
        return case | {"u": velocity(draws, space, exact(x), axis, "random", length)}
    case["y"] = {"same": x, "opposite": [-t for t in x], "origin": [0.0] * n}[special]
    if op == "transport":
        case["v"] = velocity(draws, space, exact(x), axis, "random", M(1))
    return case


def spherical(draws, cycle):
    angles = ["0", "1e-9", "1e-6", "1e-3", "0.5", "1.5", "2.5", "3.1", "3.14159"]
    for op in ["dist", "exp", "log", "transport"]:
        for angle in angles:
            for _ in range(4):
                curvature, n = next(cycle)
                space, axis = Sphere(curvature), draws.unit(n + 1)
                x = rounded(scale(1 / mp.sqrt(space.c), axis))
                p = space.point(exact(x))
                u = scale(M(angle) / mp.sqrt(space.c), draws.unit_across(axis))
                case = head("sphere", curvature, op, 0) | {"x": x}
                if op == "exp":
                    yield case | {"u": rounded(space.vector(p, u))}
                    continue
                case["y"] = x if angle == "0" else rounded(space.exp(p, u))
                if op == "transport":
                    case["v"] = rounded(space.vector(p, draws.unit(n + 1)))
                yield case
    for _ in range(4):
        curvature, n = next(cycle)
        yield head("sphere", curvature, "project", 0) | {"x": rounded(draws.vector(n + 1))}


def fair(case):
    """Points in the ball, and no exp that lands next to the origin from afar."""
    if case["manifold"] == "sphere":
        return True
    space = SPACES[case["manifold"]](case["curvature"])
    if not all(space.holds(exact(case[name])) for name in "xy" if name in case):
        return False
    if case["op"] != "exp" or case["radius"] == 0:
        return True
    return norm(exact(case["expected"])) * mp.sqrt(space.c) > M("0.01")


def cycled(curvatures):
    """Curvatures and dimensions in step: each pair comes up, in an order that no other loop shares."""
    pairs = [(k, n) for n in DIMENSIONS for k in curvatures]
    order = random.Random(5)
    while True:
        yield pairs[order.randrange(len(pairs))]


def cases():
    draws = Draws(20240)
    raw = [
        *hyperbolic(draws, "poincare", cycled(HYPERBOLIC)),
        *hyperbolic(draws, "lorentz", cycled(HYPERBOLIC)),
        *far_lorentz(draws, cycled(HYPERBOLIC)),
        *spherical(draws, cycled(SPHERICAL)),
    ]
    raw = [c for c in raw if c["manifold"] != "poincare" or inside(c)]
    return [c for c in (c | {"expected": expected(c)} for c in raw) if fair(c)]


def inside(case):
    space = Poincare(case["curvature"])
    return all(space.holds(exact(case[name])) for name in "xy" if name in case)


def main():
    made = "[\n" + ",\n".join(json.dumps(c, separators=(",", ":")) for c in cases()) + "\n]\n"
    if "--check" in sys.argv[1:]:
        if FILE.read_text() != made:
            sys.exit(f"{FILE} is not what this script makes")
        print(f"{FILE.name} is what the script makes")
        return
    FILE.write_text(made)
    print(f"{FILE.name}: {made.count(chr(10)) - 2} cases, {len(made) / 1e6:.2f} MB")


if __name__ == "__main__":
    main()
