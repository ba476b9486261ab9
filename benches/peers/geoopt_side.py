"""The same work in PyTorch and geoopt, driven by main.rs through lines of JSON.

Started by it as `python geoopt_side.py FOLDER THREADS`; FOLDER has the inputs, raw f64. A request is
one line on standard input and gets one line on standard output. Nothing here is of use on its own.
"""

import json
import pathlib
import sys
import time

import geoopt
import torch

FOLDER = pathlib.Path(sys.argv[1])
MANIFOLDS = {"poincare": geoopt.PoincareBall(c=1.0), "lorentz": geoopt.Lorentz(k=1.0)}
ADAM_RATE = 1e-3


def stored(name, shape):
    raw = bytearray((FOLDER / f"{name}.f64").read_bytes())
    return torch.frombuffer(raw, dtype=torch.float64).view(shape).clone()


class Geometry:
    """dist, exp, log, transport and a step of RiemannianAdam for one batch."""

    def __init__(self, request):
        self.manifold = MANIFOLDS[request["manifold"]]
        self.x, self.y, self.u, self.v = (stored(name, request["shape"]) for name in "xyuv")
        point = geoopt.ManifoldParameter(self.x.clone(), manifold=self.manifold)
        point.grad = self.v.clone()
        self.optimizer = geoopt.optim.RiemannianAdam([point], lr=ADAM_RATE)
        self.calls = {
            "dist": lambda: self.manifold.dist(self.x, self.y),
            "exp": lambda: self.manifold.expmap(self.x, self.u),
            "log": lambda: self.manifold.logmap(self.x, self.y),
            "transport": lambda: self.manifold.transp(self.x, self.y, self.v),
            "adam_step": self.optimizer.step,
        }


class Training:
    """The softmax over negative samples with sparse Riemannian SGD, in batches."""

    def __init__(self, request):
        self.negatives, self.rate = request["negatives"], request["rate"]
        self.nodes = request["nodes"]
        self.pairs = stored("pairs", (-1, 2)).long()
        table = stored("start", (self.nodes, -1))
        self.table = geoopt.ManifoldParameter(table, manifold=MANIFOLDS["poincare"])
        self.optimizer = geoopt.optim.SparseRiemannianSGD([self.table], lr=self.rate)
        self.generator = torch.Generator().manual_seed(1)

    def run(self, batch, seconds):
        """Trains for about this long; pairs a second, and the mean loss of the last batch."""
        order = torch.randperm(len(self.pairs), generator=self.generator)
        done, start = 0, time.perf_counter()
        while time.perf_counter() - start < seconds:
            at = done % max(len(order) - batch, 1)
            loss = self.step(self.pairs[order[at : at + batch]])
            done += batch
        return {"rate": done / (time.perf_counter() - start), "loss": loss}

    def step(self, pairs):
        size = (len(pairs), self.negatives)
        drawn = torch.randint(self.nodes, size, generator=self.generator)
        others = torch.cat([pairs[:, 1:], drawn], dim=1)
        child = torch.nn.functional.embedding(pairs[:, :1], self.table, sparse=True)
        other = torch.nn.functional.embedding(others, self.table, sparse=True)
        scores = -self.table.manifold.dist(child, other)
        loss = torch.nn.functional.cross_entropy(
            scores, torch.zeros(len(pairs), dtype=torch.long), reduction="sum"
        )
        self.optimizer.zero_grad()
        loss.backward()
        self.optimizer.step()
        return loss.item() / len(pairs)


def answer(state, request):
    command = request["command"]
    if command == "versions":
        return {"geoopt": geoopt.__version__, "torch": torch.__version__}
    if command == "geometry":
        state["geometry"] = Geometry(request)
        return {}
    if command == "time":
        call, count = state["geometry"].calls[request["op"]], request["calls"]
        with torch.no_grad():
            start = time.perf_counter()
            for _ in range(count):
                call()
            return {"ms": (time.perf_counter() - start) / count * 1e3}
    if command == "sample":
        with torch.no_grad():
            result = state["geometry"].calls[request["op"]]()[: request["rows"]]
        return {"values": [str(t) for t in result.flatten().tolist()]}  # "nan" and "inf" too
    if command == "training":
        state["training"] = Training(request)
        return {}
    if command == "train":
        return state["training"].run(request["batch"], request["seconds"])
    raise ValueError(f"unknown command {command}")


def main():
    torch.set_num_threads(int(sys.argv[2]))
    state = {}
    for line in sys.stdin:
        print(json.dumps(answer(state, json.loads(line))), flush=True)


if __name__ == "__main__":
    main()
