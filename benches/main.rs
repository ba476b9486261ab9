//! Times of the crate's operations, with the worst error of each beside its time.
//!
//! ```text
//! cargo bench                     all of them (`make bench`)
//! cargo bench -- exp/lorentz      those whose name has this text
//! cargo bench -- --test           each once, to see that they run
//! ```
//!
//! A name such as `exp/lorentz/f64/cpu/b82115xd10` says: operation, space, kind, device, 82,115 rows
//! in 10 dimensions. Embeddings besides: `reconstruction` ranks s nodes against b nodes each
//! (throughput: distances), `negatives` draws k negatives for each of s nodes among b (throughput:
//! negatives). The radius of points is up to 6; errors are those of the first 64 rows against
//! big floats.

mod embed;
mod work;

use std::time::Duration;

use criterion::{BenchmarkId, Criterion};
use holonomy::laws::accuracy::SpaceForm;
use holonomy::optim::{AdamConfig, Gradient, ManifoldParameter, RiemannianAdam};
use tch::{Device, Kind};
use work::{OPS, Work};

const N: i64 = 10;
const ROWS: [i64; 2] = [1_000, 82_115];
const FORMS: [SpaceForm; 2] = [SpaceForm::Poincare, SpaceForm::Lorentz];

fn main() {
    let mut criterion = Criterion::default()
        .sample_size(20)
        .warm_up_time(Duration::from_millis(300))
        .measurement_time(Duration::from_secs(2))
        .without_plots()
        .configure_from_args();
    println!(
        "threads: {} (rayon), {} (libtorch)",
        rayon::current_num_threads(),
        tch::get_num_threads()
    );
    embed::all(&mut criterion);
    for device in devices() {
        for form in FORMS {
            for kind in [Kind::Double, Kind::Float] {
                for rows in ROWS {
                    geometry(&mut criterion, &Work::new(form, rows, N, (kind, device)));
                    for check in [true, false] {
                        let work = Work::new(form, rows, N, (kind, device));
                        adam_step(&mut criterion, &work, check);
                    }
                }
            }
        }
    }
    criterion.final_summary();
}

/// The CPU, and the GPU if there is one that this program can use.
fn devices() -> Vec<Device> {
    let best = holonomy::device::best().device;
    if best == Device::Cpu {
        vec![best]
    } else {
        vec![Device::Cpu, best]
    }
}

fn geometry(criterion: &mut Criterion, work: &Work) {
    for op in OPS {
        let name = format!("{op}/{}", group_name(work));
        let error = work::worst_error(&work.exact_sample(op), &work.apply(op));
        println!(
            "{name}/{}: worst relative error {error:.1e}",
            size_name(work)
        );
        time(criterion, &name, work, || drop(work.apply(op)));
    }
}

/// One step of Riemannian Adam for a dense gradient of every row, with or without a look for numbers that are
/// not finite.
fn adam_step(criterion: &mut Criterion, work: &Work, check: bool) {
    let parameter = ManifoldParameter::new(work::manifold(work.form, N), &work.x).expect("points");
    let mut optimizer =
        RiemannianAdam::new(vec![parameter], AdamConfig::new(1e-3)).expect("a learning rate");
    optimizer.set_check_finite(check);
    let op = if check {
        "adam_step"
    } else {
        "adam_step_unchecked"
    };
    let name = format!("{op}/{}", group_name(work));
    time(criterion, &name, work, || {
        for parameter in optimizer.parameters_mut() {
            parameter.set_gradient(Gradient::Dense(work.v.shallow_clone()));
        }
        optimizer.step().expect("a finite step");
    });
}

fn time(criterion: &mut Criterion, name: &str, work: &Work, mut body: impl FnMut()) {
    let device = work.x.device();
    criterion.benchmark_group(name).bench_function(
        BenchmarkId::from_parameter(size_name(work)),
        |bencher| {
            bencher.iter(|| {
                body();
                synchronize(device);
            });
        },
    );
}

/// Work on a GPU is only queued by a call; a time without waiting would be the queue's.
fn synchronize(device: Device) {
    if let Device::Cuda(index) = device {
        tch::Cuda::synchronize(index as i64);
    }
}

fn group_name(work: &Work) -> String {
    let kind = if work.x.kind() == Kind::Double {
        "f64"
    } else {
        "f32"
    };
    let device = if work.x.device() == Device::Cpu {
        "cpu"
    } else {
        "cuda"
    };
    format!("{}/{kind}/{device}", work.form)
}

fn size_name(work: &Work) -> String {
    format!("b{}xd{N}", work.x.size()[0])
}
