//! The figures as people read them: tables on the screen, claims in the report.

use std::collections::BTreeMap;
use std::fmt::Write;

use super::choice::{self, Figures, Reached};
use super::claims::Checked;
use super::method::Method;
use super::options::Settings;
use crate::harness::report::Claim;
use crate::harness::table;

/// A measure's name in tables and metrics, and its value.
type Measure = (&'static str, fn(&Figures) -> f64);

const MEASURES: [Measure; 4] = [
    ("loss", |f| f.loss),
    ("train_map", |f| f.train_map),
    ("held_out_map", |f| f.held_out_map),
    ("held_out_map_on_the_way", |f| f.held_out_map_on_the_way),
];

const HEADER: [&str; 6] = [
    "",
    "rate",
    "loss",
    "train MAP",
    "held-out MAP",
    "on the way",
];

/// Each method at its best rate, the losses at all rates, and the claims.
pub(crate) fn table(
    settings: &Settings,
    data: &str,
    reached: &[Reached],
    best: &[&Reached],
    checked: &[Checked],
) -> String {
    let rows: Vec<Vec<String>> = best.iter().map(|best| row(best)).collect();
    let mut text = format!("\n{data}\n{}", table::layout(&HEADER, &rows));
    let _ = write!(
        text,
        "  Each method at the rate with the lowest training loss; means over {} seed(s). \"On the \
         way\": the mean of the\n  held-out MAP over the epochs after the burn-in.\n\nTraining \
         loss at every rate, first seed\n{}",
        choice::seeds(best),
        losses(settings, reached)
    );
    text.push_str("\nClaims of the paper\n");
    for claim in checked {
        let _ = writeln!(
            text,
            "  {}: {}\n      {}",
            claim.verdict, claim.statement, claim.figures
        );
    }
    if settings.quick {
        text.push_str("\nA quick run: these figures only show that the program works.\n");
    }
    text
}

fn row(reached: &Reached) -> Vec<String> {
    let mut row = vec![name(reached.method), reached.rate.to_string()];
    row.extend(MEASURES.map(|(_, figure)| format!("{:.4}", reached.mean(figure))));
    row
}

fn name(method: Method) -> String {
    format!("{}, {}", method.rule, method.map)
}

fn losses(settings: &Settings, reached: &[Reached]) -> String {
    let rates: Vec<String> = settings.rates.iter().map(ToString::to_string).collect();
    let header: Vec<&str> = std::iter::once("")
        .chain(rates.iter().map(String::as_str))
        .collect();
    let cell = |method: Method, rate: f64| {
        let mut same = reached.iter().filter(|r| r.method == method);
        let found = same.find(|r| r.rate == rate);
        found.map_or_else(String::new, |r| format!("{:.4}", r.results[0].loss))
    };
    let row = |method: Method| {
        let cells = settings.rates.iter().map(|&rate| cell(method, rate));
        std::iter::once(name(method)).chain(cells).collect()
    };
    let rows: Vec<Vec<String>> = Method::all().into_iter().map(row).collect();
    table::layout(&header, &rows)
}

/// The main figures under names such as `exp_radam_loss`.
pub(crate) fn metrics(best: &[&Reached]) -> BTreeMap<String, Option<f64>> {
    let mut metrics = BTreeMap::new();
    for reached in best {
        let Method { map, rule } = reached.method;
        let prefix = format!("{map}_{}", rule.to_string().to_lowercase());
        metrics.insert(format!("{prefix}_rate"), Some(reached.rate));
        for (name, figure) in MEASURES {
            let value = reached.mean(figure);
            metrics.insert(
                format!("{prefix}_{name}"),
                value.is_finite().then_some(value),
            );
        }
    }
    metrics
}

/// The claims as all reports have them.
pub(crate) fn claims(data: &str, seeds: usize, checked: &[Checked]) -> Vec<Claim> {
    let claim = |checked: &Checked| Claim {
        statement: checked.statement.clone(),
        ours: format!(
            "{}: {data}, {seeds} seed(s), {}",
            checked.verdict, checked.figures
        ),
        published: PUBLISHED.into(),
    };
    checked.iter().map(claim).collect()
}

const PUBLISHED: &str = "the paper's section 5 says so of all WordNet nouns in 5-d; it shows curves \
                         and gives no figures";
