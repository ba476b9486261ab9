"""Makes layers.json: hyperbolic layers and the distances to hyperplanes that they are made of.

Run it with mpmath installed, from the root of the checkout:

    python3 tests/golden/layers.py            writes tests/golden/layers.json
    python3 tests/golden/layers.py --check    fails if the committed file differs
    python3 tests/golden/layers.py --verify   the same, and derives every case in a second way

The references are closed formulas at 800 digits. Their inputs are exactly the numbers in the file.
Inputs of kind f32 were rounded to f32 first, the curvature too. The space has curvature -c, and
s stands for sqrt(c). A matrix is a list of rows.

hyperplanes
    `h` is the signed distance of `x` to the hyperplane at signed distance `a` from the origin
    along `z` / |z|. The length of `z` has no meaning. `model` says what `x` is: a point of the
    ball, a point of the hyperboloid (lorentz, time first), or normal coordinates (normal). A
    rounded point is not on the hyperboloid: the reference takes its space part, and the time
    follows from that. `dx`, `dz`, `da` and `dkappa` are the derivatives of h, `dkappa` that by
    the curvature -c with all coordinates held. For lorentz `dx` belongs to the space part, and
    has one entry less than `x`.
    `condition` is sum |x_i dx_i| + sum |z_i dz_i| + |a da| + |h|: to first order, what one
    relative rounding of every input and of the result changes in h, in units of the rounding.
    `change` is what such roundings of the inputs really change, the most of 50 draws, in the same
    units. It is far above `condition` where the first order vanishes and the second does not: x
    along z, and both far from the origin. There a rounded z / |z| costs as much.
    `way` is the direction of the point as seen from the origin: random; along or opposite (both
    exact, also after rounding); 1e-3 or 1e-8 (its angle to z); across (a right angle); plane (h
    is about 1e-3 before rounding). `rho` is s times the distance from the origin.
linear
    The fully connected layer of Shimizu et al. (2021) in the ball. Row k of `z` and entry k of
    `r` give the hyperplane with offset 2 r_k, at distance h_k of `x`. v_k = 2 |z_k| h_k,
    w_k = sinh(s v_k) / s, y = w / (1 + sqrt(1 + c |w|^2)).
lorentz_linear
    y = (sqrt(1/c_out + |u|^2), u) with u = `weight` x + `bias`. All of `x` is taken as it is.
chen
    The layer of Chen et al. (2022). u = `weight` x + `bias`, t = e^scale sigmoid(u_0) + 1.1 / s,
    y = (t, sqrt(t^2 - 1/c) / |u'| u') with u' = u without its first entry.
mobius_linear
    The layer of Ganea et al. (2018). y = exp_0(`weight` log_0(x)) (+) `bias` in the ball.
concatenation
    Beta concatenation of Shimizu et al. (2021). y is exp_0 of all B(N/2, 1/2) / B(n_i/2, 1/2)
    log_0(x_i) in a row, for the points `parts` of dimensions n_i with sum N.
"""

import json
import math
import pathlib
import random
import struct
import sys

from mpmath import mp

mp.dps = 800
M = mp.mpf
FILE = pathlib.Path(__file__).with_name("layers.json")
CURVATURES = ["1", "0.3", "2.7"]
DIMENSIONS = [1, 2, 5, 16]
LENGTHS = ["1", "0.03", "0.4", "12"]
WAYS = ["random", "along", "opposite", "1e-3", "1e-8", "across", "plane"]
OFFSETS = ["0", "1e-3", "0.7", "-2", "4", "12", "29.5", "290"]
NEAR = ["0", "1e-9", "0.3", "2", "6"]
RADII = {
    ("f64", "ball"): NEAR + ["12"],
    ("f64", "lorentz"): NEAR + ["12", "30", "100", "300"],
    ("f64", "normal"): NEAR + ["12", "30", "100", "300"],
    ("f32", "ball"): NEAR,
    ("f32", "lorentz"): NEAR + ["12", "30"],
    ("f32", "normal"): NEAR + ["12", "30", "80"],
}
COUNTS = {"f64": 250, "f32": 80}


def dot(a, b):
    return mp.fsum(p * q for p, q in zip(a, b))


def norm(a):
    return mp.sqrt(dot(a, a))


def scale(t, a):
    return [t * p for p in a]


def add(a, b):
    return [p + q for p, q in zip(a, b)]


def apply(matrix, x):
    return [dot(row, x) for row in matrix]


class Draws:
    """Seeded draws, the same everywhere. A deck gives each card once before one comes again."""

    def __init__(self, seed):
        self.random = random.Random(seed)
        self.decks = {}

    def below(self, n):
        return self.random.randrange(n)

    def card(self, name, cards):
        deck = self.decks.setdefault(name, [])
        if not deck:
            deck.extend(self.shuffled(cards))
        return deck.pop()

    def shuffled(self, cards):
        left = list(cards)
        return [left.pop(self.below(len(left))) for _ in cards]

    def vector(self, n):
        number = lambda: M(sum(self.random.randrange(-(2**40), 2**40) for _ in range(6)))
        return [number() / 2**41 for _ in range(n)]

    def unit(self, n):
        v = self.vector(n)
        return scale(1 / norm(v), v)

    def matrix(self, m, n, size=1):
        return [scale(M(size) / mp.sqrt(n), self.vector(n)) for _ in range(m)]


def rounded(t, kind):
    if isinstance(t, list):
        return [rounded(p, kind) for p in t]
    number = float(t)
    return M(struct.unpack("f", struct.pack("f", number))[0] if kind == "f32" else number)


# The three models: coordinates, the space part of the point on the hyperboloid, and derivatives.


def coordinates(model, c, rho, direction):
    """The point at distance rho / s from the origin. For lorentz, its space part."""
    shape = {"ball": lambda t: mp.tanh(t / 2), "lorentz": mp.sinh, "normal": lambda t: t}
    return scale(shape[model](rho) / mp.sqrt(c), direction)


def sinhc(u):
    """sinh(u) / u and its derivative."""
    if not u:
        return M(1), M(0)
    return mp.sinh(u) / u, (u * mp.cosh(u) - mp.sinh(u)) / u**2


def lift(model, c, x):
    if model == "ball":
        return scale(2 / (1 - c * dot(x, x)), x)
    if model == "normal":
        return scale(sinhc(mp.sqrt(c) * norm(x))[0], x)
    return x


def time_of(c, space):
    return mp.sqrt(1 / c + dot(space, space))


def pulled_back(model, c, x, gradient):
    """The gradient by x, of one by the space part."""
    if model == "ball":
        d = 1 - c * dot(x, x)
        return add(scale(2 / d, gradient), scale(4 * c * dot(x, gradient) / d**2, x))
    if model == "normal" and any(x):
        r, s = norm(x), mp.sqrt(c)
        value, slope = sinhc(s * r)
        return add(scale(value, gradient), scale(s * slope * dot(x, gradient) / r, x))
    return gradient


def drift(model, c, x):
    """The derivative of the space part by c, with x held."""
    if model == "ball":
        return scale(2 * dot(x, x) / (1 - c * dot(x, x)) ** 2, x)
    if model == "normal":
        r, s = norm(x), mp.sqrt(c)
        return scale(r * sinhc(s * r)[1] / (2 * s), x)
    return scale(0, x)


# Distances to hyperplanes.


def height(model, c, x, z, a):
    s, p = mp.sqrt(c), lift(model, c, x)
    along = dot(z, p) / norm(z)
    return mp.asinh(s * (mp.cosh(s * a) * along - mp.sinh(s * a) * time_of(c, p))) / s


def height_and_derivatives(model, c, x, z, a):
    s, p = mp.sqrt(c), lift(model, c, x)
    e, time = scale(1 / norm(z), z), time_of(c, p)
    along = dot(e, p)
    ch, sh = mp.cosh(s * a), mp.sinh(s * a)
    slant = ch * along - sh * time
    h = mp.asinh(s * slant) / s
    outer = 1 / mp.sqrt(1 + c * slant**2)  # dh / dslant
    by_space = add(scale(ch, e), scale(-sh / time, p))
    dx = scale(outer, pulled_back(model, c, x, by_space))
    dz = scale(outer * ch / norm(z), add(p, scale(-along, e)))
    by_angle = sh * along - ch * time  # dslant / d(s a)
    da = outer * s * by_angle
    ds = -h / s + outer * (slant / s + a * by_angle)
    by_c = dot(by_space, drift(model, c, x)) + sh / (2 * c**2 * time)
    dc = ds / (2 * s) + outer * by_c
    return {"h": h, "dx": dx, "dz": dz, "da": da, "dkappa": -dc}


def point_direction(draws, way, e, c, rho, a):
    """A unit vector, or None where no angle brings the point near the hyperplane."""
    if way == "random":
        return draws.unit(len(e))
    if way in ("along", "opposite"):
        return scale(1 if way == "along" else -1, e)
    s = mp.sqrt(c)
    if way == "plane":
        wanted = mp.sinh(s * near_height(draws)) + mp.sinh(s * a) * mp.cosh(rho)
        reach = mp.cosh(s * a) * mp.sinh(rho)
        if len(e) == 1 or abs(wanted) > reach:
            return None
        cosine = wanted / reach
    else:
        cosine = M(0) if way == "across" else mp.cos(M(way))
    w = draws.unit(len(e))
    w = add(w, scale(-dot(w, e), e))
    return add(scale(cosine, e), scale(mp.sqrt(1 - cosine**2) / norm(w), w))


def near_height(draws):
    return (-1) ** draws.below(2) * M("1e-3")


def hyperplane(draws, index, kind, model, rho, offset):
    n = draws.card("n", DIMENSIONS)
    way = draws.card((kind, model), WAYS)
    if n == 1 and way in ("1e-3", "1e-8", "across"):
        n = 2
    c = rounded(M(draws.card("c", CURVATURES)), kind)
    s, radius = mp.sqrt(c), M(rho)
    # On an axis each coordinate keeps digits of its own, and small angles survive rounding.
    on_axis = draws.below(2) == 1
    axis = [M((-1) ** draws.below(2))] + [M(0)] * (n - 1)
    length = M(draws.card("length", LENGTHS))
    z = rounded(scale(length, axis if on_axis else draws.unit(n)), kind)
    e = scale(1 / norm(z), z)
    a = rounded(M(offset) / s, kind)
    direction = point_direction(draws, way, e, c, radius, a)
    if direction is None:
        direction, a = e, rounded(radius / s - near_height(draws), kind)
    x = rounded(coordinates(model, c, radius, direction), kind)
    if way in ("along", "opposite") and any(x):
        # A power of two makes z exactly parallel.
        power = mp.floor(mp.log(length / norm(x), 2))
        z = scale((1 if way == "along" else -1) * mp.ldexp(1, int(power)), x)
    results = height_and_derivatives(model, c, x, z, a)
    weighed = lambda values, by: mp.fsum(abs(p * q) for p, q in zip(values, by))
    condition = weighed(x, results["dx"]) + weighed(z, results["dz"])
    condition += abs(a * results["da"]) + abs(results["h"])
    given = rounded([time_of(c, x)], kind) + x if model == "lorentz" else x
    name = f"{kind} {model} {index}: n {n}, rho {rho}, {way}, s a {mp.nstr(s * a, 4)}"
    made = {"name": name, "kind": kind, "model": model, "way": way, "rho": radius, "c": c}
    made |= {"x": given, "z": z, "a": a} | results | {"condition": condition}
    return made | {"change": largest_change(Draws(index), kind, model, c, x, z, a)}


def largest_change(draws, kind, model, c, x, z, a):
    unit = M(2) ** (-53 if kind == "f64" else -24)
    nudged = lambda values: [t * (1 + (-1) ** draws.below(2) * unit) for t in values]
    h = height(model, c, x, z, a)
    others = (height(model, c, nudged(x), nudged(z), *nudged([a])) for _ in range(50))
    return max(abs(other - h) for other in others) / unit


def settings(draws, kind):
    """Every radius with every offset that is not far beyond it; then some once more."""
    spaces = [key for key in RADII if key[0] == kind]
    within = lambda rho, offset: abs(M(offset)) <= M(rho) + 5
    every = [
        (*key, rho, offset)
        for key in spaces
        for rho in RADII[key]
        for offset in OFFSETS
        if within(rho, offset)
    ]
    return (draws.shuffled(every) + draws.shuffled(every))[: COUNTS[kind]]


def hyperplanes():
    draws = Draws(2021)
    for kind in COUNTS:
        for index, setting in enumerate(settings(draws, kind)):
            yield hyperplane(draws, index, *setting)


# Layers. Every fourth case is f32.


def exp_0(c, v):
    u = mp.sqrt(c) * norm(v)
    return scale(mp.tanh(u) / u, v) if u else v


def log_0(c, x):
    u = mp.sqrt(c) * norm(x)
    return scale(mp.atanh(u) / u, x) if u else x


def mobius_sum(c, u, v):
    uv, uu, vv = dot(u, v), dot(u, u), dot(v, v)
    total = add(scale(1 + 2 * c * uv + c * vv, u), scale(1 - c * uu, v))
    return scale(1 / (1 + 2 * c * uv + c**2 * uu * vv), total)


def start(draws, layer, index):
    """The kind, the curvature and the largest radius of a case."""
    kind = "f32" if index % 4 == 3 else "f64"
    c = rounded(M(draws.card((layer, "c"), CURVATURES)), kind)
    return kind, c, ("4" if kind == "f32" else "6")


def ball_point(draws, kind, c, rho, n):
    return rounded(coordinates("ball", c, M(rho), draws.unit(n)), kind)


def lorentz_point(draws, kind, c, rho, n):
    space = rounded(coordinates("lorentz", c, M(rho), draws.unit(n)), kind)
    return rounded([time_of(c, space)], kind) + space


def linear_result(c, x, z, r):
    s = mp.sqrt(c)
    heights = [height("ball", c, x, row, 2 * shift) for row, shift in zip(z, r)]
    v = [2 * norm(row) * h for row, h in zip(z, heights)]
    w = [mp.sinh(s * t) / s for t in v]
    y = scale(1 / (1 + mp.sqrt(1 + c * dot(w, w))), w)
    near(lift("ball", c, y), w, "w is the space part of y")
    return {"y": y, "w": w}


def linear():
    draws = Draws(30)
    for index in range(30):
        kind, c, far = start(draws, "linear", index)
        n, m = draws.card("n", DIMENSIONS), 1 + draws.below(6)
        rho = draws.card("rho", ["0", "0.01", "0.5", "2", "4", far])
        x = ball_point(draws, kind, c, rho, n)
        size, label = draws.card("size", [1, 1, 1, 1, 3]), "plain"
        z = [scale(size / mp.sqrt(n), draws.unit(n)) for _ in range(m)]
        z = rounded([scale(1 + draws.vector(1)[0] / 8, row) for row in z], kind)
        if size == 3:
            label = "long z"
        r = rounded([t / mp.sqrt(c) for t in draws.vector(m)], kind)
        if index % 5 == 1:
            r, label = [M(0) for _ in r], "r is 0" if size == 1 else "long z, r is 0"
        if index == 0:
            x, label = ball_point(draws, kind, c, "2", 5), "identity"
            z = [[M(j == k) / 2 for j in range(5)] for k in range(5)]
            r = [M(0)] * 5
        name = f"{index}: {label}, rho {rho if index else 2}"
        made = {"name": name, "kind": kind, "c": c, "x": x, "z": z, "r": r}
        yield made | linear_result(c, x, z, r)


def lorentz_linear():
    draws = Draws(31)
    for index in range(10):
        kind, c, far = start(draws, "lorentz_linear", index)
        c_out = rounded(M(draws.card("c_out", ["0.3", "1", "2.7", "1"])), kind)
        n, m = draws.card("n", DIMENSIONS), 1 + draws.below(6)
        rho = draws.card("rho", ["0", "0.5", "2", far, "12"])
        x = lorentz_point(draws, kind, c, rho, n)
        weight = rounded(draws.matrix(m, n + 1), kind)
        bias = rounded(draws.vector(m), kind)
        space = add(apply(weight, x), bias)
        made = {"name": f"{index}: rho {rho}", "kind": kind, "c": c, "c_out": c_out, "x": x}
        made |= {"weight": weight, "bias": bias}
        yield made | {"y": [time_of(c_out, space)] + space}


def chen():
    draws = Draws(32)
    for index in range(10):
        kind, c, far = start(draws, "chen", index)
        n, m = draws.card("n", DIMENSIONS), 1 + draws.below(6)
        rho = draws.card("rho", ["0", "0.5", "2", far])
        x = lorentz_point(draws, kind, c, rho, n)
        size = M("0.02") if rho == far else 1
        weight = rounded(draws.matrix(m + 1, n + 1, size), kind)
        bias = rounded(draws.vector(m + 1), kind)
        log_scale = rounded(2 * draws.vector(1)[0], kind)
        first, *rest = add(apply(weight, x), bias)
        time = mp.exp(log_scale) / (1 + mp.exp(-first)) + M(11) / 10 / mp.sqrt(c)
        space = scale(mp.sqrt((time**2 - 1 / c) / dot(rest, rest)), rest)
        made = {"name": f"{index}: rho {rho}", "kind": kind, "c": c, "x": x}
        made |= {"weight": weight, "bias": bias, "scale": log_scale}
        yield made | {"y": [time] + space}


def mobius_linear():
    draws = Draws(33)
    for index in range(15):
        kind, c, far = start(draws, "mobius_linear", index)
        n, m = draws.card("n", DIMENSIONS), 1 + draws.below(6)
        rho, label = draws.card("rho", ["0.01", "0.5", "2", "4", far]), "plain"
        x = ball_point(draws, kind, c, rho, n)
        weight = rounded(draws.matrix(m, n), kind)
        if index == 1:
            x, rho, label = [M(0)] * n, "0", "x is 0"
        if index == 2:
            # Only the first entry of x, and not the first column of the matrix: 0 in any rounding.
            label = "weight x is 0"
            x = rounded(coordinates("ball", c, M(rho), [M(1)] + [M(0)] * 4), kind)
            weight = [[M(0)] + row for row in rounded(draws.matrix(m, 4), kind)]
        reach = "1" if index == 1 else draws.card("bias", ["0.5", "1.5", "0"])
        bias = ball_point(draws, kind, c, reach, m)
        made = {"name": f"{index}: {label}, rho {rho}", "kind": kind, "c": c, "x": x}
        made |= {"weight": weight, "bias": bias}
        yield made | {"y": mobius_sum(c, exp_0(c, apply(weight, log_0(c, x))), bias)}


def concatenation():
    draws = Draws(34)
    for index in range(8):
        kind, c, _ = start(draws, "concatenation", index)
        sizes = [draws.card("n", [1, 2, 3, 5, 8]) for _ in range(2 + index % 2)]
        radii = [draws.card("rho", ["0", "0.1", "1", "2", "4"]) for _ in sizes]
        parts = [ball_point(draws, kind, c, rho, n) for rho, n in zip(radii, sizes)]
        beta = lambda n: mp.beta(M(n) / 2, M(1) / 2)
        flat = []
        for part in parts:
            flat += scale(beta(sum(sizes)) / beta(len(part)), log_0(c, part))
        name = f"{index}: dimensions {sizes}, rho {', '.join(radii)}"
        yield {"name": name, "kind": kind, "c": c, "parts": parts, "y": exp_0(c, flat)}


# Second derivations, with more digits.


def near(got, expected, what, digits=250, floor=-550):
    if not isinstance(got, list):
        got, expected = [got], [expected]
    size = norm(expected)
    error = norm(add(got, scale(-1, expected)))
    assert error <= size * M(10) ** -digits + M(10) ** floor, f"{what}: {mp.nstr(error, 5)}"


def form(p, q):
    return dot(p[1:], q[1:]) - p[0] * q[0]


def on_hyperboloid(c, space):
    return [time_of(c, space)] + space


def distance(c, p, q):
    return mp.acosh(max(M(1), -c * form(p, q))) / mp.sqrt(c)


def verify_hyperplane(made):
    """The distance from the mirror image, and the derivatives from difference quotients."""
    model, c, z, a, h = (made[key] for key in ("model", "c", "z", "a", "h"))
    x = made["x"][1:] if model == "lorentz" else made["x"]
    s, e = mp.sqrt(c), scale(1 / norm(z), z)
    p = on_hyperboloid(c, lift(model, c, x))
    normal = [mp.sinh(s * a)] + scale(mp.cosh(s * a), e)
    mirrored = add(p, scale(-2 * form(normal, p), normal))
    near(distance(c, p, mirrored), 2 * abs(h), "mirror")
    origin = on_hyperboloid(c, [M(0)] * len(z))
    if made["way"] in ("along", "opposite"):
        radius = distance(c, p, origin)
        near((radius if made["way"] == "along" else -radius) - a, h, "along")
    with mp.workdps(700):
        quotients = derivatives_by_quotients(model, c, x, z, a)
    derivatives = made["dx"] + made["dz"] + [made["da"], made["dkappa"]]
    for got, expected in zip(quotients, derivatives, strict=True):
        near(got, expected, "derivative", 40, -320)


def derivatives_by_quotients(model, c, x, z, a):
    def by_entry(values, function):
        replaced = lambda i, t: values[:i] + [t] + values[i + 1 :]
        return [mp.diff(lambda t: function(replaced(i, t)), v) for i, v in enumerate(values)]

    dx = by_entry(x, lambda x: height(model, c, x, z, a))
    dz = by_entry(z, lambda z: height(model, c, x, z, a))
    da = mp.diff(lambda a: height(model, c, x, z, a), a)
    dkappa = mp.diff(lambda kappa: height(model, -kappa, x, z, a), -c)
    return dx + dz + [da, dkappa]


def verify_linear(made):
    """y has the distances v to the coordinate hyperplanes, and v has Shimizu's own formula."""
    c, x, y = made["c"], made["x"], made["y"]
    s, factor = mp.sqrt(c), 2 / (1 - c * dot(x, x))
    for k, (z, r) in enumerate(zip(made["z"], made["r"])):
        axis = [M(j == k) for j in range(len(y))]
        inner = factor * s * dot(x, z) / norm(z) * mp.cosh(2 * s * r)
        inner -= (factor - 1) * mp.sinh(2 * s * r)
        near(height("ball", c, y, axis, M(0)), 2 / s * norm(z) * mp.asinh(inner), "linear")
    if "identity" in made["name"]:
        near(y, x, "identity")


def verify_time(c, y):
    assert y[0] > 0
    assert abs(form(y, y) + 1 / c) <= y[0] ** 2 * M(10) ** -250, "on the hyperboloid"


def verify_chen(made):
    """On the hyperboloid, the space part parallel to u', and the time from u."""
    c, y = made["c"], made["y"]
    verify_time(c, y)
    first, *rest = add(apply(made["weight"], made["x"]), made["bias"])
    near(scale(norm(rest), y[1:]), scale(norm(y[1:]), rest), "parallel")
    chance = (y[0] - M("1.1") / mp.sqrt(c)) / mp.exp(made["scale"])
    near(mp.log(chance / (1 - chance)), first, "time")


def verify_mobius_linear(made):
    """The matrix carries hyperboloid distances of the origin, and the sum is a boost."""
    c, x, b = made["c"], made["x"], made["bias"]
    s, moved = mp.sqrt(c), apply(made["weight"], x)
    u = [M(0) for _ in b]
    if any(moved):
        angle = norm(moved) / norm(x) * mp.asinh(s * norm(lift("ball", c, x)))
        u = scale(mp.sinh(angle) / s / norm(moved), moved)
    t, p = scale(s, on_hyperboloid(c, u)), scale(s, on_hyperboloid(c, lift("ball", c, b)))
    along = dot(t[1:], p[1:])
    boosted = add(p[1:], scale(p[0] + along / (1 + t[0]), t[1:]))
    near(lift("ball", c, made["y"]), scale(1 / s, boosted), "boost")


def verify_concatenation(made):
    """Split again, with the ratio of Beta functions from Gamma functions."""
    c, left = made["c"], log_0(made["c"], made["y"])
    ratio = lambda n: mp.gamma(M(n + 1) / 2) / mp.gamma(M(n) / 2)
    for part in made["parts"]:
        piece, left = left[: len(part)], left[len(part) :]
        back = scale(ratio(len(made["y"])) / ratio(len(part)), piece)
        near(exp_0(c, back), part, "split")
    assert not left


def verify(made):
    checks = {
        "hyperplanes": verify_hyperplane,
        "linear": verify_linear,
        "lorentz_linear": lambda case: verify_time(case["c_out"], case["y"]),
        "chen": verify_chen,
        "mobius_linear": verify_mobius_linear,
        "concatenation": verify_concatenation,
    }
    for layer, cases in made.items():
        for case in cases:
            try:
                checks[layer](case)
            except AssertionError as problem:
                sys.exit(f"{layer} {case['name']}: {problem}")


def as_numbers(value):
    if isinstance(value, dict):
        return {key: as_numbers(t) for key, t in value.items()}
    if isinstance(value, list):
        return [as_numbers(t) for t in value]
    if isinstance(value, str):
        return value
    number = float(value)
    assert math.isfinite(number)
    return number + 0.0  # no -0.0


def main():
    layers = [hyperplanes, linear, lorentz_linear, chen, mobius_linear, concatenation]
    made = {layer.__name__: list(layer()) for layer in layers}
    if "--verify" in sys.argv[1:]:
        with mp.workdps(1500):
            verify(made)
    tables = []
    for layer, cases in made.items():
        lines = [json.dumps(as_numbers(case), separators=(",", ":")) for case in cases]
        tables.append(f'"{layer}":[\n' + ",\n".join(lines) + "\n]")
    text = "{\n" + ",\n".join(tables) + "\n}\n"
    if "--check" in sys.argv[1:] or "--verify" in sys.argv[1:]:
        if FILE.read_text() != text:
            sys.exit(f"{FILE.name} is not what this script makes")
        return
    FILE.write_text(text)
    counts = ", ".join(f"{len(cases)} {layer}" for layer, cases in made.items())
    print(f"{FILE.name}: {counts}, {len(text) / 1e3:.0f} kB")


if __name__ == "__main__":
    main()
