//! `papers report`: collects the reports into `RESULTS.md`. Sections that are there already, of commands without a report
//! here, stay: nobody has to run all papers again for one.

use std::fmt::Write;
use std::path::{Path, PathBuf};

use holonomy::checkpoint::write_atomically;
use holonomy::{Error, Result};

use crate::harness::report::Summary;
use crate::harness::{machine, output};

/// The options of `papers report`.
#[derive(Debug, clap::Args)]
pub(crate) struct Options {
    /// The folder whose sub-folders hold a report.json each [default: target/papers in the checkout]
    #[arg(long, value_name = "DIR")]
    from: Option<PathBuf>,

    /// The file to write [default: papers/RESULTS.md in the checkout]
    #[arg(long, value_name = "FILE")]
    to: Option<PathBuf>,
}

/// Writes the results of all reports found over those of the same commands.
pub(crate) fn write(options: Options) -> Result<()> {
    let from = options.from.unwrap_or_else(default_folder);
    let to = options
        .to
        .unwrap_or_else(|| machine::checkout().join("papers/RESULTS.md"));
    let reports = collect(&from)?;
    let before = std::fs::read_to_string(&to).unwrap_or_default();
    write_atomically(&to, markdown(&reports, &before).as_bytes())?;
    output::print(&format!(
        "{} report(s) from {} written to {}\n",
        reports.len(),
        from.display(),
        to.display()
    ))
}

/// Where runs put their folders unless told otherwise.
pub(crate) fn default_folder() -> PathBuf {
    machine::checkout().join("target/papers")
}

const HINT: &str = "no sub-folder holds a report.json; `cargo papers run KEY` makes one";

/// The reports in the sub-folders of `from`, ordered by key and then by folder.
fn collect(from: &Path) -> Result<Vec<Summary>> {
    let mut paths = Vec::new();
    if !from.exists() {
        return Err(no_report(from));
    }
    for entry in std::fs::read_dir(from).map_err(Error::io("read", from))? {
        let path = entry
            .map_err(Error::io("read", from))?
            .path()
            .join("report.json");
        if path.is_file() {
            paths.push(path);
        }
    }
    paths.sort();
    let mut reports = paths
        .iter()
        .map(|path| read(path))
        .collect::<Result<Vec<_>>>()?;
    if reports.is_empty() {
        return Err(no_report(from));
    }
    reports.sort_by(|a, b| a.key.cmp(&b.key));
    Ok(reports)
}

fn no_report(from: &Path) -> Error {
    Error::Data {
        path: from.into(),
        reason: HINT.into(),
    }
}

fn read(path: &Path) -> Result<Summary> {
    let bytes = std::fs::read(path).map_err(Error::io("read", path))?;
    serde_json::from_slice(&bytes).map_err(|error| Error::Data {
        path: path.into(),
        reason: format!("not a report of this program: {error}"),
    })
}

/// The sections of the reports, and those of `before` whose command none of them ran, by title and command.
fn markdown(reports: &[Summary], before: &str) -> String {
    let mut text = String::from(
        "# Results\n\nWritten by `cargo papers report`; do not edit. Each figure says what it was \
         measured on; figures of different data are not comparable.\n",
    );
    let mut sections: Vec<String> = reports.iter().map(section).collect();
    let ran: Vec<String> = sections.iter().map(|new| command(new).into()).collect();
    let kept = before.split("\n## ").skip(1);
    let kept = kept.map(|section| format!("\n## {}\n", section.trim_end()));
    sections.extend(kept.filter(|section| !ran.iter().any(|new| new == command(section))));
    sections.sort_by(|a, b| (title(a), command(a)).cmp(&(title(b), command(b))));
    text.extend(sections);
    text
}

fn title(section: &str) -> &str {
    section.trim_start().lines().next().unwrap_or_default()
}

fn command(section: &str) -> &str {
    let mut commands = section
        .lines()
        .filter_map(|line| line.strip_prefix("Command: "));
    commands.next().unwrap_or_default().trim_matches('`')
}

fn section(report: &Summary) -> String {
    let mut text = format!("\n## {}: {}\n\n", report.key, report.title);
    if report.quick {
        text.push_str("**A quick run, which shows that the program works and nothing else.**\n\n");
    }
    if report.interrupted {
        text.push_str("**Interrupted: the figures are those of the part that ran.**\n\n");
    }
    let _ = write!(text, "Command: `{}`\n\n", report.command);
    let _ = write!(text, "{}\n\n", report.machine.sentence(&report.versions));
    if report.claims.is_empty() {
        text.push_str("Data of the user's own: no claim of the paper is about it.\n");
        return text;
    }
    text.push_str("| claim | ours | published |\n| --- | --- | --- |\n");
    for claim in &report.claims {
        let cells = [&claim.statement, &claim.ours, &claim.published].map(|cell| escaped(cell));
        let _ = writeln!(text, "| {} |", cells.join(" | "));
    }
    text
}

fn escaped(cell: &str) -> String {
    cell.replace('|', r"\|").replace('\n', " ")
}

#[cfg(test)]
mod tests {
    use super::*;

    const REPORT: &str = r#"{
        "key": "b2000", "title": "B", "command": "cargo papers run b2000",
        "quick": true, "interrupted": false,
        "versions": {"holonomy": "0.1.0", "libtorch": "2.11.0", "rustc": "rustc 1.95.0"},
        "machine": {"device": "cpu", "device_reason": "as asked", "threads": 2,
                    "processor": "P", "cores": 4},
        "metrics": {"map": 0.5, "lost": null},
        "claims": [{"claim": "a|b", "ours": "1", "published": "none"}],
        "runs": ["anything else"]
    }"#;

    fn folder_with(reports: &[(&str, &str)]) -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        for (name, text) in reports {
            std::fs::create_dir(folder.path().join(name)).unwrap();
            std::fs::write(folder.path().join(name).join("report.json"), text).unwrap();
        }
        folder
    }

    #[test]
    fn reports_become_sections_in_the_order_of_their_keys() {
        let first = REPORT
            .replace("b2000", "a2000")
            .replace("\"quick\": true", "\"quick\": false");
        let folder = folder_with(&[("x", REPORT), ("y", &first)]);
        std::fs::create_dir(folder.path().join("empty")).unwrap();
        let text = markdown(&collect(folder.path()).unwrap(), "");
        let (a, b) = (
            text.find("## a2000").unwrap(),
            text.find("## b2000").unwrap(),
        );
        assert!(a < b);
        assert!(!text[a..b].contains("quick run") && text[b..].contains("quick run"));
        assert!(text.contains("| a\\|b | 1 | none |\n"), "{text}");
        assert!(text.contains("cpu, 2 threads"), "{text}");
    }

    #[test]
    fn sections_of_other_commands_stay() {
        let folder = folder_with(&[("x", REPORT)]);
        let reports = collect(folder.path()).unwrap();
        let other = REPORT.replace("run b2000", "run b2000 --task other");
        let others = collect(folder_with(&[("y", &other)]).path()).unwrap();
        let before = markdown(&others, "").replace("| 1 |", "| 7 |");
        let both = markdown(&reports, &before);
        assert!(both.contains("| 1 |") && both.contains("| 7 |"), "{both}");
        // Written again, nothing changes, and a new figure takes the place of the old one.
        assert_eq!(markdown(&reports, &both), both);
        let again = markdown(&others, &both);
        assert!(!again.contains("| 7 |") && again.matches("\n## ").count() == 2);
    }

    #[test]
    fn a_broken_report_is_named() {
        let folder = folder_with(&[("x", "{}")]);
        let message = collect(folder.path()).unwrap_err().to_string();
        assert!(message.contains("report.json: not a report"), "{message}");
    }

    #[test]
    fn no_report_is_an_error() {
        let folder = folder_with(&[]);
        let message = collect(folder.path()).unwrap_err().to_string();
        assert!(message.contains("cargo papers run"), "{message}");
    }
}
