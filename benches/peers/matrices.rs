//! Subspaces and positive definite matrices beside pymanopt and geomstats: the same work in turns,
//! and distances whose exact values are known.

use std::time::Instant;

use holonomy::{Flag, Grassmann, Manifold, Sample, Space, SpdAffineInvariant};
use rand::{RngExt, SeedableRng};
use rand_xoshiro::Xoshiro256PlusPlus;
use serde_json::json;
use tch::{Device, Kind, Tensor};

use super::peer::Peer;
use super::{median, settle, work};

const DOUBLE: (Kind, Device) = (Kind::Double, Device::Cpu);
const BATCH: i64 = 10_000;
/// geomstats takes milliseconds for a pair of subspaces.
const FEW: i64 = 20;
/// Pairs with a known distance.
const KNOWN: i64 = 64;
const OPS: [&str; 4] = ["dist", "exp", "log", "retract"];

struct Study {
    name: &'static str,
    space: Box<dyn Space>,
    p: Tensor,
    q: Tensor,
    v: Tensor,
    /// Pairs and their exact distances.
    known: (Tensor, Tensor, Tensor),
    /// (library, matrices of a call, how many times as fast we want to be)
    peers: [(&'static str, i64, f64); 2],
}

/// Times both libraries and this crate, and prints the distances' errors.
pub(crate) fn compare(rounds: usize, threads: usize) {
    let mut peer = Peer::start("matrices_side.py", threads);
    println!(
        "{}; {threads} threads each; f64, {BATCH} matrices; µs a matrix\n",
        peer.versions()
    );
    println!(
        "{:<16} {:<8} {:>9} {:<9} {:>11} {:>7} {:>5}",
        "space", "op", "ours", "peer", "theirs", "faster", "goal"
    );
    for study in [grassmann(64, 8), spd(8)] {
        study.run(&mut peer, rounds);
    }
    flags(rounds);
}

/// Neither library has flags: ours alone.
fn flags(rounds: usize) {
    let mut rng = rng();
    let space = Flag::new(10, &[1, 3]).expect("flags");
    let p = space.random_point(&mut rng, &[BATCH], DOUBLE);
    let q = space.random_point(&mut rng, &[BATCH], DOUBLE);
    let v = space.random_tangent(&mut rng, &p) * 0.1;
    let ops: [(&str, &dyn Fn() -> Tensor); 4] = [
        ("chordal", &|| space.chordal_dist(&p, &q)),
        ("exp", &|| space.exp(&p, &v)),
        ("retract", &|| space.retract(&p, &v)),
        ("project", &|| space.project_tangent(&p, &v)),
    ];
    for (op, call) in ops {
        let times = (0..rounds.min(5)).map(|_| time(call));
        println!(
            "{:<16} {op:<8} {:>9.3}",
            "flag (1, 3; 10)",
            median(times.collect())
        );
    }
    // An iteration with products of single matrices: fewer of them.
    let near = space.exp(&p, &v).narrow(0, 0, 100);
    let start = Instant::now();
    drop(space.log(&p.narrow(0, 0, 100), &near).expect("near flags"));
    let log = start.elapsed().as_secs_f64() * 1e6 / 100.0;
    println!("{:<16} log      {log:>9.3}", "flag (1, 3; 10)");
}

/// The median of three calls, in µs a matrix, after one that is not counted.
fn time(call: impl Fn() -> Tensor) -> f64 {
    drop(call());
    let times = (0..3).map(|_| {
        let start = Instant::now();
        drop(call());
        start.elapsed().as_secs_f64() * 1e6 / BATCH as f64
    });
    median(times.collect())
}

impl Study {
    fn run(&self, peer: &mut Peer, rounds: usize) {
        self.store(peer, [&self.p, &self.q, &self.v]);
        for op in OPS {
            for (library, count, goal) in self.peers {
                let mut ours = Vec::new();
                let mut theirs = Vec::new();
                for _ in 0..rounds.min(5) {
                    settle();
                    ours.push(time(|| self.apply(op)));
                    settle();
                    theirs.extend(self.ask_time(peer, library, op, count));
                }
                if theirs.is_empty() {
                    continue;
                }
                let (ours, theirs) = (median(ours), median(theirs));
                let faster = theirs / ours;
                let verdict = if faster >= goal {
                    ""
                } else {
                    "  misses the goal"
                };
                println!(
                    "{:<16} {op:<8} {ours:>9.3} {library:<9} {theirs:>11.3} {faster:>7.1} {goal:>5}{verdict}",
                    self.name
                );
            }
        }
        self.errors(peer);
        println!();
    }

    fn store(&self, peer: &Peer, tensors: [&Tensor; 3]) {
        for (name, tensor) in ["p", "q", "v"].iter().zip(tensors) {
            peer.store(name, &work::numbers(tensor));
        }
    }

    fn apply(&self, op: &str) -> Tensor {
        match op {
            "dist" => self.space.dist(&self.p, &self.q),
            "exp" => self.space.exp(&self.p, &self.v),
            "log" => self.space.log(&self.p, &self.q),
            _ => self.space.retract(&self.p, &self.v),
        }
    }

    fn ask_time(&self, peer: &mut Peer, library: &str, op: &str, count: i64) -> Option<f64> {
        let request = self.request("time", library, op, count);
        peer.ask(&request)["us"].as_f64()
    }

    fn request(&self, command: &str, library: &str, op: &str, count: i64) -> serde_json::Value {
        let size = self.p.size();
        json!({
            "command": command, "library": library, "op": op, "space": self.name,
            "shape": [count, size[1], size[2]], "calls": 3,
        })
    }

    /// The worst absolute error of distances that are known.
    fn errors(&self, peer: &mut Peer) {
        let (p, q, exact) = &self.known;
        let worst = |found: &Tensor| (found - exact).abs().max().double_value(&[]);
        println!(
            "{:<16} worst error of known distances: ours {:.1e}",
            self.name,
            worst(&self.space.dist(p, q))
        );
        for (library, _, _) in self.peers {
            let values: Vec<f64> = (0..KNOWN)
                .map(|row| {
                    let (p, q) = (p.get(row), q.get(row));
                    self.store(peer, [&p, &q, &p]);
                    let request = self.request("distance", library, "dist", 1);
                    peer.ask(&request)["value"].as_f64().unwrap_or(f64::NAN)
                })
                .collect();
            println!(
                "{:<16} {library} {:.1e}",
                "",
                worst(&Tensor::from_slice(&values))
            );
        }
    }
}

fn rng() -> Xoshiro256PlusPlus {
    Xoshiro256PlusPlus::seed_from_u64(1)
}

/// Random subspaces; pairs with angles from 1e-10 to 1, each frame in a basis of its own.
fn grassmann(n: i64, k: i64) -> Study {
    let mut rng = rng();
    let space = Grassmann::new(n, k).expect("a Grassmannian");
    let double = Grassmann::new(n, 2 * k).expect("a Grassmannian");
    let frames = double.random_point(&mut rng, &[KNOWN], DOUBLE);
    let exponents: Vec<f64> = (0..KNOWN * k)
        .map(|_| -10.0 * rng.random::<f64>())
        .collect();
    let angles = Tensor::from_slice(&exponents).view([KNOWN, k]);
    let angles = (angles * std::f64::consts::LN_10).exp();
    let p = frames.narrow(-1, 0, k);
    let q = &p * angles.cos().unsqueeze(-2) + frames.narrow(-1, k, k) * angles.sin().unsqueeze(-2);
    let mut turned = |frame: Tensor| {
        let turn =
            holonomy::random::random_normal(&mut rng, &[KNOWN, k, k], Kind::Double, Device::Cpu);
        frame.matmul(&Tensor::linalg_qr(&turn, "reduced").0)
    };
    let known = (
        turned(p),
        turned(q),
        angles
            .square()
            .sum_dim_intlist(-1, false, Kind::Double)
            .sqrt(),
    );
    let p = space.random_point(&mut rng, &[BATCH], DOUBLE);
    Study {
        name: "grassmann",
        q: space.random_point(&mut rng, &[BATCH], DOUBLE),
        v: space.random_tangent(&mut rng, &p) * 0.1,
        p,
        known,
        space: Box::new(space),
        peers: [("pymanopt", BATCH, 3.0), ("geomstats", FEW, 100.0)],
    }
}

/// Random matrices; pairs D and D^½ exp(U diag(λ) Uᵀ) D^½ with D of condition 1e8: distance |λ|.
fn spd(n: i64) -> Study {
    let mut rng = rng();
    let space = SpdAffineInvariant::new(n).expect("a space");
    let mut normal =
        |size: &[i64]| holonomy::random::random_normal(&mut rng, size, Kind::Double, Device::Cpu);
    let lambda = normal(&[KNOWN, n]);
    let (u, _) = Tensor::linalg_qr(&normal(&[KNOWN, n, n]), "reduced");
    let roots = (Tensor::linspace(0.0, -4.0, n, DOUBLE) * std::f64::consts::LN_10).exp();
    let middle = (&u * lambda.exp().unsqueeze(-2)).matmul(&u.transpose(-2, -1));
    let q = &middle * roots.unsqueeze(0) * roots.unsqueeze(1);
    let q = (&q + q.transpose(-2, -1)) * 0.5;
    let p = roots
        .square()
        .diag(0)
        .expand([KNOWN, n, n], false)
        .contiguous();
    let known = (
        p,
        q,
        lambda
            .square()
            .sum_dim_intlist(-1, false, Kind::Double)
            .sqrt(),
    );
    let p = space.random_point(&mut rng, &[BATCH], DOUBLE);
    Study {
        name: "spd",
        q: space.random_point(&mut rng, &[BATCH], DOUBLE),
        v: space.random_tangent(&mut rng, &p) * 0.3,
        p,
        known,
        space: Box::new(space),
        peers: [("pymanopt", BATCH, 3.0), ("geomstats", BATCH, 3.0)],
    }
}
