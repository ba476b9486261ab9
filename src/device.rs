//! The choice of a device, with the reason for the choice.
//!
//! One binary serves machines with and without CUDA. The linker drops `libtorch_cuda` from a
//! program that names none of its symbols, so libtorch then reports that there is no CUDA device
//! even where there is one. The functions here load the library at run time before they ask.
//!
//! libtorch looks for its CUDA part once and remembers the answer. Choose the device first thing
//! in `main`, before any call that asks libtorch about CUDA (such as [`tch::Cuda::is_available`]).

use std::ffi::OsString;
use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;
use std::sync::OnceLock;

use libloading::Library;
use tch::Device;

use crate::{Error, Result};

/// The device that a user asks for; `"auto"`, `"cpu"`, `"cuda"` or `"cuda:INDEX"` as text.
///
/// # Examples
///
/// ```
/// use holonomy::device::Request;
///
/// assert_eq!("cuda:1".parse::<Request>()?, Request::Cuda(1));
/// assert!("gpu".parse::<Request>().is_err());
/// # Ok::<(), holonomy::Error>(())
/// ```
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub enum Request {
    /// The first CUDA device if one can be used, else the CPU.
    #[default]
    Auto,
    /// The CPU.
    Cpu,
    /// The CUDA device with this index; an error where there is none.
    Cuda(usize),
}

impl FromStr for Request {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        match text {
            "auto" => Ok(Self::Auto),
            "cpu" => Ok(Self::Cpu),
            "cuda" => Ok(Self::Cuda(0)),
            _ => text
                .strip_prefix("cuda:")
                .filter(|index| index.bytes().all(|b| b.is_ascii_digit()))
                .and_then(|index| index.parse().ok())
                .map(Self::Cuda)
                .ok_or_else(|| Error::invalid("device", "auto, cpu, cuda or cuda:INDEX", text)),
        }
    }
}

impl fmt::Display for Request {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Auto => f.write_str("auto"),
            Self::Cpu => f.write_str("cpu"),
            Self::Cuda(index) => write!(f, "cuda:{index}"),
        }
    }
}

/// A device, and why it was taken. Prints as `cpu (reason)` or `cuda:0 (reason)`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Choice {
    /// The device.
    pub device: Device,
    /// Why this device was taken, as a clause in English.
    pub reason: String,
}

impl fmt::Display for Choice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.device {
            Device::Cuda(index) => write!(f, "cuda:{index} ({})", self.reason),
            _ => write!(f, "cpu ({})", self.reason),
        }
    }
}

/// The first CUDA device if one can be used, else the CPU.
///
/// # Examples
///
/// ```
/// use holonomy::tch::{Kind, Tensor};
///
/// let choice = holonomy::device::best();
/// println!("{choice}");
/// let _ = Tensor::zeros([2], (Kind::Double, choice.device));
/// ```
pub fn best() -> Choice {
    match cuda_device_count() {
        Ok(count) => Choice {
            device: Device::Cuda(0),
            reason: found(count),
        },
        Err(reason) => Choice {
            device: Device::Cpu,
            reason,
        },
    }
}

/// The device that `request` stands for.
///
/// # Errors
///
/// [`Error::Device`] with the reason when a CUDA device is asked for and cannot be used.
///
/// # Examples
///
/// ```
/// use holonomy::device::{Request, choose};
///
/// assert_eq!(choose(Request::Cpu)?.device, holonomy::tch::Device::Cpu);
/// # Ok::<(), holonomy::Error>(())
/// ```
pub fn choose(request: Request) -> Result<Choice> {
    match request {
        Request::Auto => Ok(best()),
        Request::Cpu => Ok(Choice {
            device: Device::Cpu,
            reason: "as asked".into(),
        }),
        Request::Cuda(index) => {
            choose_cuda(index, cuda_device_count()).map_err(|reason| Error::Device {
                requested: request.to_string(),
                reason,
            })
        }
    }
}

fn choose_cuda(
    index: usize,
    count: std::result::Result<usize, String>,
) -> std::result::Result<Choice, String> {
    let count = count?;
    if index >= count {
        return Err(format!("{}, counted from 0", found(count)));
    }
    Ok(Choice {
        device: Device::Cuda(index),
        reason: "as asked".into(),
    })
}

fn found(count: usize) -> String {
    match count {
        1 => "1 CUDA device found".into(),
        _ => format!("{count} CUDA devices found"),
    }
}

/// The number of usable CUDA devices, or why there is none.
fn cuda_device_count() -> std::result::Result<usize, String> {
    load_cuda()?;
    match usize::try_from(tch::Cuda::device_count()) {
        Ok(count) if count > 0 => Ok(count),
        _ => Err("libtorch sees no CUDA device; check nvidia-smi and CUDA_VISIBLE_DEVICES".into()),
    }
}

/// Loads the driver and libtorch's CUDA part once for the life of the process.
///
/// The driver comes first: where it is absent the gigabyte of CUDA libraries need not be read.
fn load_cuda() -> std::result::Result<(), String> {
    static LOADED: OnceLock<std::result::Result<[Library; 2], String>> = OnceLock::new();
    LOADED
        .get_or_init(|| {
            let driver = open_global(DRIVER.into())
                .map_err(|_| format!("no NVIDIA driver: {DRIVER} cannot be loaded"))?;
            let library = cuda_library();
            let torch = open_global(library.clone())
                .map_err(|error| format!("{} cannot be loaded: {error}", library.display()))?;
            Ok([driver, torch])
        })
        .as_ref()
        .map(|_| ())
        .map_err(Clone::clone)
}

const DRIVER: &str = if cfg!(windows) {
    "nvcuda.dll"
} else {
    "libcuda.so.1"
};

const TORCH_CUDA: &str = if cfg!(windows) {
    "torch_cuda.dll"
} else {
    "libtorch_cuda.so"
};

/// The CUDA part that lies beside the libtorch in use, so that their versions match; its bare name,
/// for the loader to look up, where none lies there.
fn cuda_library() -> OsString {
    let beside = loaded_libtorch_folder()
        .into_iter()
        .chain(std::env::var_os("LIBTORCH").map(|root| PathBuf::from(root).join("lib")))
        .map(|folder| folder.join(TORCH_CUDA))
        .find(|path| path.exists());
    beside.map_or_else(|| TORCH_CUDA.into(), PathBuf::into_os_string)
}

/// The version of the libtorch that this process runs on, such as `2.11.0+cpu`; `None` where it
/// cannot be determined.
pub fn libtorch_version() -> Option<String> {
    let folder = loaded_libtorch_folder()?;
    let root = folder.parent()?;
    let of_archive = std::fs::read_to_string(root.join("build-version")).ok();
    of_archive
        .map(|version| version.trim().to_owned())
        .or_else(|| version_of_wheel(&std::fs::read_to_string(root.join("version.py")).ok()?))
}

/// The value of the line `__version__ = '…'` in the file that PyTorch's wheels carry.
fn version_of_wheel(python: &str) -> Option<String> {
    let line = python
        .lines()
        .find_map(|line| line.strip_prefix("__version__ = "))?;
    Some(line.trim().trim_matches(['\'', '"']).to_owned())
}

/// The folder of the `libtorch_cpu` that this process runs on, where the system lists it.
fn loaded_libtorch_folder() -> Option<PathBuf> {
    let maps = std::fs::read_to_string("/proc/self/maps").ok()?;
    folder_of_mapped("/libtorch_cpu.so", &maps)
}

/// Finds the folder of the mapped file whose path ends in `suffix`; a path may hold spaces.
fn folder_of_mapped(suffix: &str, maps: &str) -> Option<PathBuf> {
    let line = maps.lines().find(|line| line.ends_with(suffix))?;
    let path = &line[line.find('/')?..];
    Some(PathBuf::from(path.strip_suffix(suffix)?))
}

/// Opens a library with its symbols visible to those already loaded, all resolved at once.
#[cfg(unix)]
fn open_global(name: OsString) -> std::result::Result<Library, libloading::Error> {
    use libloading::os::unix::{Library as UnixLibrary, RTLD_GLOBAL, RTLD_NOW};
    // SAFETY: libtorch and the driver are made to be loaded into a running program: their
    // initialisers register themselves and ask nothing of it. Nothing is ever unloaded.
    unsafe { UnixLibrary::open(Some(name), RTLD_NOW | RTLD_GLOBAL) }.map(Library::from)
}

#[cfg(not(unix))]
fn open_global(name: OsString) -> std::result::Result<Library, libloading::Error> {
    // SAFETY: as on Unix.
    unsafe { Library::new(name) }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn the_folder_of_a_mapped_library_is_found() {
        let maps = "7f00-7f01 r--p 00000000 00:2a 12 /usr/lib/libc.so.6\n\
                    7f02-7f03 r-xp 00001000 00:2a 13    /home/a b/torch/lib/libtorch_cpu.so\n";
        let folder = folder_of_mapped("/libtorch_cpu.so", maps);
        assert_eq!(folder, Some(PathBuf::from("/home/a b/torch/lib")));
        assert_eq!(folder_of_mapped("/libmissing.so", maps), None);
    }

    #[test]
    fn this_process_knows_its_libtorch() {
        let _ = tch::Tensor::from_slice(&[1.0]);
        if cfg!(target_os = "linux") {
            let folder = loaded_libtorch_folder().unwrap();
            assert!(folder.join("libtorch_cpu.so").exists(), "{folder:?}");
            let version = libtorch_version().unwrap();
            assert!(
                version.starts_with(|c: char| c.is_ascii_digit()),
                "{version}"
            );
        }
    }

    #[test]
    fn the_version_of_a_wheel_is_read() {
        let python = "__all__ = ['__version__']\n__version__ = '2.11.0+cpu'\ndebug = False\n";
        assert_eq!(version_of_wheel(python).as_deref(), Some("2.11.0+cpu"));
        assert_eq!(version_of_wheel("debug = False\n"), None);
    }

    #[test]
    fn an_index_past_the_last_device_is_refused() {
        assert_eq!(choose_cuda(1, Ok(2)).unwrap().device, Device::Cuda(1));
        let reason = choose_cuda(2, Ok(2)).unwrap_err();
        assert!(reason.contains("2 CUDA devices"), "{reason}");
        assert_eq!(choose_cuda(0, Err("why".into())).unwrap_err(), "why");
    }
}
