//! The same work by scikit-learn, on the same rows and splits.

use std::collections::BTreeMap;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use holonomy::{Error, Result};
use serde::{Deserialize, Serialize};

const PROGRAM: &str = include_str!("scikit_learn.py");
/// The task as a file beside the report.
const TASK: &str = "scikit-learn-task.json";

/// The option of papers that are compared with scikit-learn.
#[derive(Debug, Clone, clap::Args)]
pub(crate) struct PeerOptions {
    /// A Python that has scikit-learn, to run its methods on the same rows and splits
    #[arg(long, value_name = "PYTHON")]
    scikit_learn: Option<PathBuf>,
}

impl PeerOptions {
    pub(crate) fn python(&self) -> Option<PathBuf> {
        self.scikit_learn.clone()
    }
}

/// What scikit-learn found.
#[derive(Debug, Deserialize)]
pub(crate) struct Answer {
    pub(crate) version: String,
    /// For each table and method a value for each split or draw.
    #[serde(default)]
    pub(crate) tables: Vec<BTreeMap<String, Vec<f64>>>,
    pub(crate) one_class_svm: Option<OneClassSvm>,
}

impl Answer {
    /// Checks that there is one for each table.
    pub(crate) fn check_tables(&self, expected: usize, python: &Path) -> Result<()> {
        if self.tables.len() == expected {
            return Ok(());
        }
        Err(Error::Data {
            path: python.into(),
            reason: format!("{} tables came back of {expected}", self.tables.len()),
        })
    }
}

/// A fitted one-class SVM, scaled so that its coefficients add up to 1.
#[derive(Debug, Deserialize)]
pub(crate) struct OneClassSvm {
    pub(crate) coefficients: Vec<f64>,
    pub(crate) offset: f64,
}

/// Lets a Python do a task.
pub(crate) fn ask(python: &Path, folder: &Path, task: &impl Serialize) -> Result<Answer> {
    let fail = |reason: String| Error::Data {
        path: python.into(),
        reason,
    };
    let file = folder.join(TASK);
    let text = serde_json::to_string(task).map_err(|error| fail(error.to_string()))?;
    std::fs::write(&file, text).map_err(Error::io("write", &file))?;
    let mut child = Command::new(python)
        .arg("-")
        .arg(&file)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .map_err(Error::io("start", python))?;
    // One that ends early says why on its own.
    let written = child
        .stdin
        .take()
        .map(|mut input| input.write_all(PROGRAM.as_bytes()));
    let output = (child.wait_with_output()).map_err(Error::io("read from", python))?;
    if !output.status.success() {
        let message = String::from_utf8_lossy(&output.stderr);
        let last = message.lines().last().unwrap_or("no message");
        return Err(fail(format!("scikit-learn's side ended with: {last}")));
    }
    if let Some(Err(source)) = written {
        return Err(Error::io("write to", python)(source));
    }
    serde_json::from_slice(&output.stdout).map_err(|error| fail(error.to_string()))
}
