//! The other side: a Python process that is asked in lines of JSON.

use std::io::{BufRead, BufReader, Write};
use std::path::PathBuf;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use serde_json::{Value, json};
use tch::Tensor;

use holonomy::laws::accuracy::Op;

const ROOT: &str = env!("CARGO_MANIFEST_DIR");

/// Python libraries in a process of their own.
pub(crate) struct Peer {
    process: Child,
    requests: Option<ChildStdin>,
    answers: BufReader<ChildStdout>,
    folder: PathBuf,
}

impl Peer {
    /// Starts the script of this folder, with inputs in a folder below `target`.
    pub(crate) fn start(script: &str, threads: usize) -> Self {
        let folder = PathBuf::from(ROOT).join("target/peers");
        std::fs::create_dir_all(&folder).expect("a folder for inputs");
        let python = PathBuf::from(ROOT).join(".venv-peers/bin/python");
        let mut process = Command::new(python)
            .arg(PathBuf::from(ROOT).join("benches/peers").join(script))
            .arg(&folder)
            .arg(threads.to_string())
            .env("OMP_NUM_THREADS", threads.to_string())
            // libtorch's Python package brings its own libraries.
            .env_remove("LD_LIBRARY_PATH")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("Python of .venv-peers: start this program by benches/peers/run.sh");
        let requests = process.stdin.take();
        let answers = BufReader::new(process.stdout.take().expect("a piped output"));
        Self {
            process,
            requests,
            answers,
            folder,
        }
    }

    /// Leaves numbers for it under a name.
    pub(crate) fn store(&self, name: &str, values: &[f64]) {
        let bytes: Vec<u8> = values.iter().flat_map(|t| t.to_le_bytes()).collect();
        std::fs::write(self.folder.join(format!("{name}.f64")), bytes).expect("inputs on disk");
    }

    /// Its answer to a request.
    pub(crate) fn ask(&mut self, request: &Value) -> Value {
        let pipe = self.requests.as_mut().expect("a running peer");
        writeln!(pipe, "{request}").expect("the peer reads");
        let mut line = String::new();
        self.answers.read_line(&mut line).expect("the peer answers");
        serde_json::from_str(&line).expect("an answer in JSON: see the peer's message above")
    }

    pub(crate) fn versions(&mut self) -> String {
        let versions = self.ask(&json!({"command": "versions"}));
        let versions = versions.as_object().into_iter().flatten();
        let names: Vec<String> = versions
            .map(|(name, version)| format!("{name} {version}"))
            .collect();
        names.join(", ").replace('"', "")
    }

    /// The mean time of a call, in milliseconds.
    pub(crate) fn time(&mut self, op: &str, calls: usize) -> f64 {
        let answer = self.ask(&json!({"command": "time", "op": op, "calls": calls}));
        answer["ms"].as_f64().expect("a time")
    }

    /// Its results for the first rows, `[rows, ..]`.
    pub(crate) fn sample(&mut self, op: Op, rows: i64) -> Tensor {
        let request = json!({"command": "sample", "op": op.to_string(), "rows": rows});
        let answer = self.ask(&request);
        let values = answer["values"].as_array().expect("values");
        let number = |value: &Value| value.as_str().and_then(|t| t.parse().ok());
        let values: Vec<f64> = values
            .iter()
            .map(|v| number(v).expect("a number"))
            .collect();
        Tensor::from_slice(&values).view([rows, -1])
    }
}

impl Drop for Peer {
    fn drop(&mut self) {
        drop(self.requests.take()); // the end of its input is its end
        if let Err(error) = self.process.wait() {
            eprintln!("peers: {error}");
        }
    }
}
