#!/usr/bin/env python3
"""Reads the files of a mammals run with Python's own libraries and measures the embedding again.

    make interop                                  runs, converts and checks
    python3 scripts/check_interop.py FOLDER       checks the run in FOLDER

FOLDER holds report.json and embedding.safetensors of `cargo papers run nickel2017`, and any of
embedding.tsv, embedding.vec and projector/. Their points must be those of the safetensors file, bit
for bit, and MAP and mean rank, computed here from the definitions in numpy, those of the report to
1e-9. Nothing of the crate is used: the closure comes from the list of edges, distances from exact
rational arithmetic where digits would be lost.
"""

import gzip
import json
import sys
from fractions import Fraction
from pathlib import Path

import numpy as np
from safetensors import safe_open

NOUNS = Path(__file__).resolve().parent.parent / "papers" / "data" / "wordnet_nouns.tsv.gz"
ROOT = "mammal.n.01"
TOLERANCE = 1e-9


def read_safetensors(path):
    """Points, names and settings."""
    with safe_open(path, "numpy") as file:
        points = file.get_tensor("embedding")
        header = json.loads(file.metadata()["holonomy"])
    settings = json.loads(header["settings"])
    return points, settings["names"], settings


def read_table(path):
    rows = [line.split("\t") for line in path.read_text().splitlines()]
    assert rows[0][0] == "name", rows[0]
    return np.array([row[1:] for row in rows[1:]], dtype=np.float64), [row[0] for row in rows[1:]]


def read_word2vec(path):
    """Split at spaces, as gensim does; then the spaces in names come back."""
    lines = path.read_text().splitlines()
    count, width = map(int, lines[0].split())
    rows = [line.rstrip().split(" ") for line in lines[1:]]
    assert len(rows) == count and all(len(row) == width + 1 for row in rows), path
    names = [row[0].replace("%20", " ").replace("%25", "%") for row in rows]
    return np.array([row[1:] for row in rows], dtype=np.float64), names


def read_projector(folder):
    points = np.loadtxt(folder / "vectors.tsv", delimiter="\t", ndmin=2)
    return points, (folder / "metadata.tsv").read_text().splitlines()


READERS = {
    "embedding.tsv": read_table,
    "embedding.vec": read_word2vec,
    "projector": read_projector,
}


def ancestors():
    """The ancestors of every mammal among the mammals."""
    parents = {}
    with gzip.open(NOUNS, "rt") as file:
        for line in file:
            child, parent = line.rstrip("\n").split("\t")
            parents.setdefault(child, set()).add(parent)
    closed = {}

    def close(name):
        if name not in closed:
            direct = parents.get(name, set())
            closed[name] = direct.union(*(close(parent) for parent in direct))
        return closed[name]

    mammals = {name for name in parents if ROOT in close(name)} | {ROOT}
    return {name: close(name) & mammals for name in mammals}


def conformal_gaps(points):
    """1 − |x|², exact and rounded once."""
    return np.array([float(1 - sum(Fraction(x) ** 2 for x in point)) for point in points])


def distances_from(row, points, model, gaps):
    if model == "lorentz":
        # 4 sinh²(d/2) = |δ|² − δ₀², with the time δ₀ of more digits than the file has.
        spatial = points[:, 1:].astype(np.longdouble)
        time = np.sqrt(1 + (spatial**2).sum(axis=1))
        squared = ((spatial - spatial[row]) ** 2).sum(axis=1) - (time - time[row]) ** 2
        return 2 * np.arcsinh(np.sqrt(np.maximum(squared, 0)) / 2)
    delta = points - points[row]
    squared = (delta**2).sum(axis=1)
    if model == "euclidean":
        return np.sqrt(squared)
    return 2 * np.arcsinh(np.sqrt(squared / (gaps * gaps[row])))


def measure(points, names, model, above):
    """MAP and mean rank; equal distances count against the embedding."""
    rows = {name: row for row, name in enumerate(names)}
    gaps = conformal_gaps(points) if model == "ball" else None
    precisions, ranks = [], []
    for name in names:
        true = np.array(sorted(rows[ancestor] for ancestor in above[name]), dtype=int)
        if not len(true):
            continue
        dist = distances_from(rows[name], points, model, gaps)
        others = np.ones(len(names), dtype=bool)
        others[rows[name]] = False
        near = np.array([(dist[others] <= dist[v]).sum() for v in true])
        hits = np.array([(dist[true] <= dist[v]).sum() for v in true])
        ranks.extend(1 + near - hits)
        precisions.append(np.mean(hits / near))
    return float(np.mean(precisions)), float(np.mean(ranks)), len(ranks)


def check_copies(folder, points, names):
    for file, read in READERS.items():
        path = folder / file
        if not path.exists():
            print(f"{file}: not there")
            continue
        other, other_names = read(path)
        same = other.shape == points.shape and other.tobytes() == points.tobytes()
        assert same, f"{file}: other points"
        assert other_names == names, f"{file}: other names"
        print(f"{file}: {len(names)} points, every bit the same")


def main():
    folder = Path(sys.argv[1] if len(sys.argv) > 1 else "target/papers/nickel2017")
    report = json.loads((folder / "report.json").read_text())
    points, names, settings = read_safetensors(folder / "embedding.safetensors")
    model = settings["model"]
    print(f"embedding.safetensors: {points.shape} {points.dtype}, model {model}")
    check_copies(folder, points, names)

    above = ancestors()
    assert sorted(above) == sorted(names), "other nodes than the mammals"
    mean_precision, mean_rank, pairs = measure(points, names, model, above)
    seed = settings["seed"]
    expected = next(r for r in report["runs"][0]["results"] if r["seed"] == seed)
    print(f"{pairs} pairs, seed {seed}")
    ok = True
    for what, ours, theirs in [
        ("MAP", mean_precision, expected["map"]),
        ("mean rank", mean_rank, expected["mean_rank"]),
    ]:
        print(f"{what}: numpy {ours!r}, report {theirs!r}, difference {abs(ours - theirs):.1e}")
        ok &= abs(ours - theirs) <= TOLERANCE
    print("the figures agree" if ok else "the figures DIFFER")
    return 0 if ok else 1


if __name__ == "__main__":
    sys.exit(main())
