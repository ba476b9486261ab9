//! This crate beside geoopt, pymanopt, geomstats and magnipy: the same work on the same inputs, in turns,
//! in one run.
//!
//! `benches/peers/run.sh` (`make peers`) sets them up and starts this program. Each line of the
//! tables is the median over rounds; in a round both sides are timed one right after the other, so
//! whatever else the machine does meets both.

#[path = "../work.rs"]
mod work;

mod magnitude;
mod matrices;
mod peer;
mod trainer;

use std::time::{Duration, Instant};

use holonomy::laws::accuracy::{Op, SpaceForm};
use holonomy::optim::{AdamConfig, Gradient, ManifoldParameter, RiemannianAdam};
use peer::Peer;
use serde_json::json;
use tch::{Device, Kind, Tensor};
use work::{OPS, SAMPLE, Work};

const N: i64 = 10;
const ROWS: [i64; 2] = [1_000, 82_115];
const FORMS: [SpaceForm; 2] = [SpaceForm::Poincare, SpaceForm::Lorentz];
/// How long one side's turn in a round should take.
const TURN_MS: f64 = 40.0;

struct Options {
    rounds: usize,
    threads: usize,
    only: Option<String>,
}

fn main() {
    let options = options().unwrap_or_else(|message| {
        eprintln!(
            "peers: {message}\noptions: [--rounds N] [--threads N] [--only ops|adam|trainer|matrices|magnitude]"
        );
        std::process::exit(1);
    });
    tch::set_num_threads(options.threads as i32);
    rayon::ThreadPoolBuilder::new()
        .num_threads(options.threads)
        .build_global()
        .expect("threads");
    warn_if_busy();
    let wants = |part| options.only.as_deref().is_none_or(|only| only == part);
    if wants("matrices") {
        matrices::compare(options.rounds, options.threads);
    }
    if wants("magnitude") {
        magnitude::compare(options.rounds, options.threads);
    }
    if matches!(options.only.as_deref(), Some("matrices" | "magnitude")) {
        return;
    }
    let mut peer = Peer::start("geoopt_side.py", options.threads);
    println!(
        "{}; {} threads each; f64\n",
        peer.versions(),
        options.threads
    );
    if wants("ops") || wants("adam") {
        println!(
            "{:<9} {:<10} {:>10} {:>9} {:>10} {:>6} {:>5}  {:>10} {:>12}",
            "space",
            "op",
            "size",
            "ours ms",
            "geoopt ms",
            "ratio",
            "goal",
            "our error",
            "geoopt error"
        );
        for form in FORMS {
            for rows in ROWS {
                compare(&mut peer, &options, form, rows);
            }
        }
        println!();
    }
    if wants("trainer") {
        trainer::compare(&mut peer, options.rounds.min(3), options.threads);
    }
}

/// Threads that wait for each other lose far more to other programs than threads that do not, and
/// the peer's do: on a busy machine its times say little, unless both sides have one thread.
fn warn_if_busy() {
    let text = std::fs::read_to_string("/proc/loadavg").unwrap_or_default();
    let load = text.split(' ').next().and_then(|t| t.parse::<f64>().ok());
    if load.is_some_and(|load| load > 0.5) {
        println!(
            "The machine is busy (load {}): use --threads 1.\n",
            load.unwrap_or_default()
        );
    }
}

fn options() -> Result<Options, String> {
    let mut options = Options {
        rounds: 15,
        threads: 2,
        only: None,
    };
    let mut arguments = std::env::args().skip(1);
    while let Some(name) = arguments.next() {
        if name == "--bench" {
            continue; // cargo's own
        }
        let value = arguments.next().ok_or(format!("{name} needs a value"))?;
        let number = || match value.parse() {
            Ok(number) if number > 0 => Ok(number),
            _ => Err(format!("{name} takes a positive number, not {value}")),
        };
        match name.as_str() {
            "--rounds" => options.rounds = number()?,
            "--threads" => options.threads = number()?,
            "--only"
                if ["ops", "adam", "trainer", "matrices", "magnitude"]
                    .contains(&value.as_str()) =>
            {
                options.only = Some(value);
            }
            "--only" => {
                return Err(format!(
                    "--only takes ops, adam, trainer, matrices or magnitude, not {value}"
                ));
            }
            _ => return Err(format!("unknown option {name}")),
        }
    }
    Ok(options)
}

fn compare(peer: &mut Peer, options: &Options, form: SpaceForm, rows: i64) {
    let work = Work::new(form, rows, N, (Kind::Double, Device::Cpu));
    for (name, tensor) in [
        ("x", &work.x),
        ("y", &work.y),
        ("u", &work.u),
        ("v", &work.v),
    ] {
        peer.store(name, &work::numbers(tensor));
    }
    let shape = work.x.size();
    peer.ask(&json!({"command": "geometry", "manifold": form.to_string(), "shape": shape}));
    let wants = |part| options.only.as_deref().is_none_or(|only| only == part);
    for op in OPS.into_iter().filter(|_| wants("ops")) {
        let times = in_turns(peer, options.rounds, &op.to_string(), || {
            drop(work.apply(op));
        });
        let exact = work.exact_sample(op);
        let ours = work::worst_error(&exact, &work.apply(op));
        let theirs = work::worst_error(&exact, &peer.sample(op, SAMPLE));
        let goal = if (form, op) == (SpaceForm::Lorentz, Op::Dist) {
            2.0
        } else {
            0.8
        };
        print_row(
            form,
            &op.to_string(),
            rows,
            times,
            goal,
            Some((ours, theirs)),
        );
    }
    if wants("adam") {
        let mut step = adam_step(&work);
        let times = in_turns(peer, options.rounds, "adam_step", &mut step);
        print_row(form, "adam_step", rows, times, 0.6, None);
    }
}

fn adam_step(work: &Work) -> impl FnMut() {
    let parameter = ManifoldParameter::new(work::manifold(work.form, N), &work.x).expect("points");
    let mut optimizer =
        RiemannianAdam::new(vec![parameter], AdamConfig::new(1e-3)).expect("a learning rate");
    let gradient: Tensor = work.v.shallow_clone();
    move || {
        for parameter in optimizer.parameters_mut() {
            parameter.set_gradient(Gradient::Dense(gradient.shallow_clone()));
        }
        optimizer.step().expect("a finite step");
    }
}

/// Calls that are not timed before the first turn.
const WARM_CALLS: usize = 10;

/// Median times of a call, ours and the peer's, in milliseconds.
fn in_turns(peer: &mut Peer, rounds: usize, op: &str, mut ours: impl FnMut()) -> (f64, f64) {
    // A first call pays for memory and sleeping threads: it must not set the number of calls.
    peer.time(op, WARM_CALLS);
    mean_ms(&mut ours, WARM_CALLS);
    let single = peer
        .time(op, WARM_CALLS)
        .max(mean_ms(&mut ours, WARM_CALLS));
    let calls = (TURN_MS / single).clamp(1.0, 500.0) as usize;
    let warm_calls = calls / 4 + 1;
    let (mut our_times, mut their_times) = (Vec::new(), Vec::new());
    for _ in 0..rounds {
        settle();
        mean_ms(&mut ours, warm_calls);
        our_times.push(mean_ms(&mut ours, calls));
        settle();
        peer.time(op, warm_calls);
        their_times.push(peer.time(op, calls));
    }
    (median(our_times), median(their_times))
}

/// Lets the other side's threads fall asleep: OpenMP's go on spinning for a while after their work.
fn settle() {
    std::thread::sleep(Duration::from_millis(50));
}

fn mean_ms(call: &mut impl FnMut(), calls: usize) -> f64 {
    let start = Instant::now();
    for _ in 0..calls {
        call();
    }
    start.elapsed().as_secs_f64() * 1e3 / calls as f64
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    f64::midpoint(values[(values.len() - 1) / 2], values[values.len() / 2])
}

fn print_row(
    form: SpaceForm,
    op: &str,
    rows: i64,
    (ours, theirs): (f64, f64),
    goal: f64,
    errors: Option<(f64, f64)>,
) {
    let ratio = ours / theirs;
    let size = format!("{rows}x{N}");
    print!("{form:<9} {op:<10} {size:>10} {ours:>9.3} {theirs:>10.3} {ratio:>6.2} {goal:>5}");
    if let Some((ours, theirs)) = errors {
        print!("  {ours:>10.1e} {theirs:>12.1e}");
    }
    println!(
        "{}",
        if ratio <= goal {
            ""
        } else {
            "  misses the goal"
        }
    );
}
