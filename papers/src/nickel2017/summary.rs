//! The figures as people read them: the table on the screen, and the claims of the paper.

use std::fmt::Write;

use holonomy::embed::Model;

use super::data::Description;
use super::experiment::{Role, Runs};
use super::options::{Dataset, Settings, title};
use super::outcome::plus_minus;
use super::published::{AUTHORS_ON_MAMMALS, PAPER_ON_MAMMALS, PAPER_ON_NOUNS, Published};
use crate::harness::report::Claim;
use crate::harness::table;

const HEADER: [&str; 6] = ["", "dim", "MAP", "mean rank", "training", "runs"];

/// Whether figures that others measured on the mammals can stand beside ours.
pub(crate) fn is_mammals(settings: &Settings) -> bool {
    settings.dataset == Some(Dataset::Mammals)
}

fn is_nouns(settings: &Settings) -> bool {
    settings.dataset == Some(Dataset::Nouns)
}

/// Our figures, with those of others on the same data below, and those on other data apart.
pub(crate) fn table(settings: &Settings, data: &Description, runs: &[Runs]) -> String {
    let mut rows: Vec<Vec<String>> = runs.iter().map(our_row).collect();
    let mammals = is_mammals(settings);
    if mammals {
        rows.push(their_row(&AUTHORS_ON_MAMMALS));
        rows.push(their_row(&PAPER_ON_MAMMALS));
    }
    if is_nouns(settings) {
        rows.extend(PAPER_ON_NOUNS.iter().map(|published| {
            let mut row = their_row(published);
            row[0] = format!("the paper, {}", row[0]);
            row
        }));
    }
    let mut text = format!(
        "\nReconstruction of {data}\n{}",
        table::layout(&HEADER, &rows)
    );
    text.push_str(
        "  Medians over the runs. Training alone, with the points that it starts from: reading \
                   and evaluation not counted.\n",
    );
    if let Some(sampled) = runs.iter().find_map(|runs| runs.sampled) {
        let _ = writeln!(
            text,
            "  ±: the standard error of one run's figure; {sampled}, drawn at random, each against \
             all others."
        );
    }
    if mammals {
        text.push_str(
            "  The authors' code: 300 epochs, two processes, a machine with two cores.\n",
        );
        let nouns: Vec<Vec<String>> = PAPER_ON_NOUNS.iter().map(their_row).collect();
        text.push_str(
            "\nThe paper's own figures, on other data and so not to be compared with the \
                       above:\nreconstruction of all WordNet nouns (82,115 nodes)\n",
        );
        text.push_str(&table::layout(&HEADER[..4], &short(nouns)));
    }
    if settings.quick {
        text.push_str("\nA quick run: these figures only show that the program works.\n");
    }
    text
}

fn our_row(runs: &Runs) -> Vec<String> {
    let drawn = if runs.plan.role == Role::Picture {
        ", drawn"
    } else {
        ""
    };
    vec![
        format!("holonomy, {}{drawn}", title(runs.plan.config.model)),
        runs.plan.config.dim.to_string(),
        map(runs),
        mean_rank(runs),
        format!("{:.1} s", runs.median.train_seconds),
        runs.results.len().to_string(),
    ]
}

fn map(runs: &Runs) -> String {
    let error = runs.sampled.map(|sampled| sampled.sampling.map_error);
    format!("{:.4}{}", runs.median.map, plus_minus(error))
}

fn mean_rank(runs: &Runs) -> String {
    let error = runs.sampled.map(|sampled| sampled.sampling.mean_rank_error);
    rank(runs.median.mean_rank) + &plus_minus(error)
}

fn their_row(published: &Published) -> Vec<String> {
    vec![
        published.what.to_owned(),
        published.dim.to_string(),
        published.map.to_string(),
        published.mean_rank.to_string(),
        published
            .train_seconds
            .map_or_else(String::new, |seconds| format!("about {seconds:.0} s")),
        "1".to_owned(),
    ]
}

fn short(rows: Vec<Vec<String>>) -> Vec<Vec<String>> {
    rows.into_iter().map(|row| row[..4].to_vec()).collect()
}

fn rank(mean_rank: f64) -> String {
    if mean_rank < 100.0 {
        format!("{mean_rank:.3}")
    } else {
        format!("{mean_rank:.0}")
    }
}

/// What these runs say about the paper's claims.
pub(crate) fn claims(settings: &Settings, data: &Description, runs: &[Runs]) -> Vec<Claim> {
    if is_nouns(settings) {
        return claims_on_nouns(data, runs);
    }
    let Some(main) = runs.first().filter(|_| is_mammals(settings)) else {
        return Vec::new();
    };
    let authors = &AUTHORS_ON_MAMMALS;
    let mut claims = vec![Claim {
        statement: "A few dimensions of hyperbolic space hold a large hierarchy".into(),
        ours: format!("{}: {}", data.name, sentence(main)),
        published: format!(
            "{} ({}), {}-d: MAP {}, mean rank {}, about {:.0} s of training. {}, {}-d: MAP {}, mean \
             rank {}.",
            authors.data,
            authors.source,
            authors.dim,
            authors.map,
            authors.mean_rank,
            authors.train_seconds.unwrap_or(f64::NAN),
            PAPER_ON_MAMMALS.source,
            PAPER_ON_MAMMALS.dim,
            PAPER_ON_MAMMALS.map,
            PAPER_ON_MAMMALS.mean_rank,
        ),
    }];
    if let Some(flat) = runs.iter().find(|runs| runs.plan.role == Role::Comparison) {
        claims.push(Claim {
            statement: "Euclidean space of the same dimension holds it far worse".into(),
            ours: format!("{}: {}", data.name, sentence(flat)),
            published: "none for these data: the paper compares the two on all WordNet nouns"
                .into(),
        });
    }
    claims
}

fn claims_on_nouns(data: &Description, runs: &[Runs]) -> Vec<Claim> {
    let statements = [
        (
            Role::Main,
            "A few dimensions of hyperbolic space hold a large hierarchy",
        ),
        (
            Role::Comparison,
            "Euclidean space of the same dimension holds it far worse",
        ),
    ];
    let claim = |(role, statement): (Role, &str)| {
        let ours = runs.iter().find(|runs| runs.plan.role == role)?;
        let model = ours.plan.config.model;
        let space = if model == Model::Euclidean {
            model
        } else {
            Model::Ball
        };
        let published: Vec<String> = PAPER_ON_NOUNS
            .iter()
            .filter(|published| published.what == title(space))
            .map(|p| format!("{}-d: MAP {}, mean rank {}", p.dim, p.map, p.mean_rank))
            .collect();
        Some(Claim {
            statement: statement.into(),
            ours: format!("{}: {}", data.name, sentence(ours)),
            published: format!("{}: {}", title(space), published.join("; ")),
        })
    };
    statements.into_iter().filter_map(claim).collect()
}

fn sentence(runs: &Runs) -> String {
    let count = match runs.results.len() {
        1 => "one seed".to_owned(),
        count => format!("median of {count} seeds"),
    };
    let start = runs
        .results
        .iter()
        .find_map(|result| result.start)
        .map_or_else(String::new, |start| {
            format!(
                "; before training, from nested half-spaces: MAP {:.4}, mean rank {}",
                start.map,
                rank(start.mean_rank)
            )
        });
    let sampled = runs
        .sampled
        .map_or_else(String::new, |sampled| format!("; {sampled}"));
    format!(
        "{}, {}-d: MAP {}, mean rank {}, {:.1} s of training ({count}{sampled}){start}",
        title(runs.plan.config.model),
        runs.plan.config.dim,
        map(runs),
        mean_rank(runs),
        runs.median.train_seconds,
    )
}
