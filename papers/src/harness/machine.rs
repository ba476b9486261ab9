//! What a run ran on: versions, device, processor.

use std::path::PathBuf;

use holonomy::device::{self, Choice};
use holonomy::{Error, Result};
use serde::{Deserialize, Serialize};

/// The versions that decide a result.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Versions {
    holonomy: String,
    libtorch: String,
    rustc: String,
}

impl Versions {
    pub(crate) fn current() -> Self {
        Self {
            holonomy: env!("CARGO_PKG_VERSION").into(),
            libtorch: device::libtorch_version().unwrap_or_else(|| "unknown".into()),
            rustc: env!("PAPERS_RUSTC").into(),
        }
    }
}

/// The machine that a run used.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Machine {
    device: String,
    device_reason: String,
    threads: usize,
    processor: String,
    cores: usize,
}

impl Machine {
    pub(crate) fn new(choice: &Choice, threads: usize) -> Self {
        Self {
            device: name(choice.device),
            device_reason: choice.reason.clone(),
            threads,
            processor: processor().unwrap_or_else(|| "unknown".into()),
            cores: cores(),
        }
    }

    /// One sentence for people.
    pub(crate) fn sentence(&self, versions: &Versions) -> String {
        format!(
            "On {}, {} threads of {} cores ({}); holonomy {}, libtorch {}, {}.",
            self.device,
            self.threads,
            self.cores,
            self.processor,
            versions.holonomy,
            versions.libtorch,
            versions.rustc
        )
    }
}

fn name(device: tch::Device) -> String {
    match device {
        tch::Device::Cuda(index) => format!("cuda:{index}"),
        _ => "cpu".into(),
    }
}

/// The number of cores that this process may use.
pub(crate) fn cores() -> usize {
    std::thread::available_parallelism().map_or(1, usize::from)
}

/// Makes this many threads do the parallel work of the process.
pub(crate) fn use_threads(threads: usize) -> Result<()> {
    tch::set_num_threads(threads as i32);
    rayon::ThreadPoolBuilder::new()
        .num_threads(threads)
        .build_global()
        .map_err(|error| Error::invalid("--threads", "threads that can be started", error))
}

fn processor() -> Option<String> {
    let text = std::fs::read_to_string("/proc/cpuinfo").ok()?;
    let line = text.lines().find(|line| line.starts_with("model name"))?;
    Some(line.split_once(':')?.1.trim().to_owned())
}

/// The checkout that this program was built from; the working directory when it is gone.
pub(crate) fn checkout() -> PathBuf {
    let papers = PathBuf::from(env!("CARGO_MANIFEST_DIR"));
    match papers.parent() {
        Some(root) if root.is_dir() => root.to_owned(),
        _ => PathBuf::from("."),
    }
}
