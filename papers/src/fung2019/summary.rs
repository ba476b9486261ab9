//! The figures as people read them.

use std::collections::BTreeMap;

use super::clouds::Body;
use super::options::Settings;
use super::study::{HALF, MAGNITUDES, Ranking, SCALES, SHARES, Trial, USUAL_SCALE};
use crate::harness::report::Claim;
use crate::harness::spread::Spread;
use crate::harness::table;

/// The clouds of one body and dimension.
pub(super) struct Kind<'a> {
    pub(super) body: Body,
    pub(super) dimension: usize,
    trials: Vec<&'a Trial>,
}

impl Kind<'_> {
    fn over(&self, figure: impl Fn(&Trial) -> Option<f64>) -> Spread {
        Spread::of_sample(self.trials.iter().filter_map(|trial| figure(trial)))
    }

    pub(super) fn vertices(&self) -> Spread {
        self.over(|trial| Some(trial.vertices as f64))
    }

    pub(super) fn found(&self, ranking: Ranking) -> Spread {
        self.over(|trial| {
            let found = trial.found.iter().find(|(of, _)| *of == ranking);
            found.map(|(_, found)| *found)
        })
    }

    pub(super) fn found_at(&self, ranking: Ranking, scaled: f64) -> Spread {
        self.over(|trial| {
            let mut all = trial.scales.iter();
            let at = all.find(|at| at.ranking == ranking && at.scaled == scaled)?;
            Some(at.found)
        })
    }

    pub(super) fn half_at(&self, ranking: Ranking, scaled: f64) -> Spread {
        self.over(|trial| {
            let mut all = trial.scales.iter();
            let at = all.find(|at| at.ranking == ranking && at.scaled == scaled)?;
            Some(at.half.worst)
        })
    }

    /// The worst loss of the width with so many points.
    pub(super) fn lost(&self, ranking: Ranking, share: f64) -> Spread {
        self.over(|trial| {
            let mut all = trial.reaches.iter();
            let reach = all.find(|reach| reach.ranking == ranking && reach.share == share)?;
            Some(reach.lost.worst)
        })
    }

    fn negative_at(&self, scaled: f64) -> Spread {
        self.over(|trial| {
            let signs = trial.signs.iter().find(|signs| signs.scaled == scaled)?;
            Some(signs.negative)
        })
    }

    fn negative_of_wrong_at(&self, scaled: f64) -> Spread {
        self.over(|trial| {
            let signs = trial.signs.iter().find(|signs| signs.scaled == scaled)?;
            signs.of_wrong
        })
    }

    fn name(&self) -> String {
        format!("{}, {}", self.body, self.dimension)
    }
}

/// In the order of the trials.
pub(super) fn kinds(trials: &[Trial]) -> Vec<Kind<'_>> {
    let mut kinds: Vec<Kind> = Vec::new();
    for trial in trials {
        let same = |kind: &&mut Kind| kind.body == trial.body && kind.dimension == trial.dimension;
        match kinds.iter_mut().find(same) {
            Some(kind) => kind.trials.push(trial),
            None => kinds.push(Kind {
                body: trial.body,
                dimension: trial.dimension,
                trials: vec![trial],
            }),
        }
    }
    kinds
}

/// All tables.
pub(super) fn tables(trials: &[Trial], settings: &Settings) -> String {
    let kinds = kinds(trials);
    let mut text = format!(
        "\nUniform points, {} a cloud, {} clouds of each kind; mean ± standard deviation over the clouds, in percent\n",
        settings.points, settings.clouds
    );
    text.push_str(&found(&kinds));
    for share in [0.25, HALF, 1.0] {
        text.push_str(&lost(&kinds, share));
    }
    text.push_str(&scales(&kinds));
    text.push_str(&signs(&kinds));
    text.push_str(&thresholds(&kinds));
    if settings.quick {
        text.push_str("\nA quick run: few and small clouds; its figures mean little.\n");
    }
    text
}

fn found(kinds: &[Kind]) -> String {
    let names = Ranking::BLIND.map(|ranking| ranking.to_string());
    let header = [
        &["body, dimensions", "vertices"][..],
        &names.each_ref().map(|name| &**name),
    ];
    let row = |kind: &Kind| {
        let cells = Ranking::BLIND.map(|ranking| kind.found(ranking).percent());
        let vertices = format!("{:.1}", kind.vertices().mean);
        [vec![kind.name(), vertices], cells.to_vec()].concat()
    };
    // Of a sphere all points are vertices.
    let inside = kinds.iter().filter(|kind| kind.body != Body::Sphere);
    let rows: Vec<Vec<String>> = inside.map(row).collect();
    format!(
        "\nVertices of the hull among as many first points as it has vertices\n{}",
        table::layout(&header.concat(), &rows)
    )
}

fn lost(kinds: &[Kind], share: f64) -> String {
    let names = Ranking::ALL.map(|ranking| ranking.to_string());
    let header = [
        &["body, dimensions"][..],
        &names.each_ref().map(|name| &**name),
    ];
    let row = |kind: &Kind| {
        let cells = Ranking::ALL.map(|ranking| match (kind.body, ranking) {
            (Body::Sphere, Ranking::Vertices) => "as random".into(),
            _ => kind.lost(ranking, share).percent(),
        });
        [vec![kind.name()], cells.to_vec()].concat()
    };
    let rows: Vec<Vec<String>> = kinds.iter().map(row).collect();
    format!(
        "\nThe worst loss of the width, with {share} of the number of vertices\n{}",
        table::layout(&header.concat(), &rows)
    )
}

fn scales(kinds: &[Kind]) -> String {
    let names = SCALES.map(|scale| scale.to_string());
    let header = [
        &["body, dimensions, order"][..],
        &names.each_ref().map(|name| &**name),
    ];
    let rows = |figure: &dyn Fn(&Kind, Ranking, f64) -> Spread| -> Vec<Vec<String>> {
        let inside = kinds.iter().filter(|kind| kind.body != Body::Sphere);
        let of_kind = |kind| {
            Ranking::SCALED.map(|ranking| {
                let cell = |scale| format!("{:.1}", 100.0 * figure(kind, ranking, scale).mean);
                let name = format!("{}, {ranking}", kind.name());
                [vec![name], SCALES.map(cell).to_vec()].concat()
            })
        };
        inside.flat_map(of_kind).collect()
    };
    format!(
        "\nThe same by t · median distance: vertices found\n{}\nThe worst loss with half of the number of vertices\n{}",
        table::layout(
            &header.concat(),
            &rows(&|kind, ranking, scale| kind.found_at(ranking, scale))
        ),
        table::layout(
            &header.concat(),
            &rows(&|kind, ranking, scale| kind.half_at(ranking, scale))
        )
    )
}

fn signs(kinds: &[Kind]) -> String {
    let names = SCALES.map(|scale| scale.to_string());
    let header = [
        &["body, dimensions"][..],
        &names.each_ref().map(|name| &**name),
    ];
    let rows = |figure: &dyn Fn(&Kind, f64) -> Spread| -> Vec<Vec<String>> {
        let inside = kinds.iter().filter(|kind| kind.body != Body::Sphere);
        let row = |kind: &Kind| {
            let cell = |scale| match 100.0 * figure(kind, scale).mean {
                mean if mean.is_nan() => "none".into(),
                mean => format!("{mean:.1}"),
            };
            [vec![kind.name()], SCALES.map(cell).to_vec()].concat()
        };
        inside.map(row).collect()
    };
    format!(
        "\nPoints of negative weight, by t · median distance\n{}\nPoints of negative weight among those that the moments take for vertices wrongly\n{}",
        table::layout(
            &header.concat(),
            &rows(&|kind, scale| kind.negative_at(scale))
        ),
        table::layout(
            &header.concat(),
            &rows(&|kind, scale| kind.negative_of_wrong_at(scale))
        )
    )
}

fn thresholds(kinds: &[Kind]) -> String {
    let header = [
        "body, dimensions, magnitude kept",
        "points kept",
        "part of all vertices that stay",
        "worst loss of the width",
    ];
    let mut rows = Vec::new();
    for kind in kinds {
        for (index, share) in MAGNITUDES.iter().enumerate() {
            let of = |figure: fn(&super::study::Threshold) -> f64| {
                kind.over(|trial| trial.thresholds.get(index).map(figure))
                    .percent()
            };
            rows.push(vec![
                format!("{}, {} %", kind.name(), 100.0 * share),
                of(|threshold| threshold.kept),
                of(|threshold| threshold.recall),
                of(|threshold| threshold.lost.worst),
            ]);
        }
    }
    format!(
        "\nRemoval by least loss up to a threshold on the magnitude\n{}",
        table::layout(&header, &rows)
    )
}

/// The main figures.
pub(super) fn metrics(trials: &[Trial]) -> BTreeMap<String, Option<f64>> {
    let mut metrics = BTreeMap::new();
    let mut put = |name: String, value: f64| {
        metrics.insert(name, value.is_finite().then_some(value));
    };
    for kind in kinds(trials) {
        let (body, d) = (kind.body, kind.dimension);
        put(format!("{body}_{d}_vertices"), kind.vertices().mean);
        for ranking in Ranking::ALL {
            let name = format!("{body}_{d}_{ranking}").replace(' ', "_");
            put(format!("{name}_found"), kind.found(ranking).mean);
            for share in SHARES {
                let lost = kind.lost(ranking, share).mean;
                put(format!("{name}_lost_with_{share}"), lost);
            }
        }
    }
    put("least_magnitude_margin".into(), least_margin(trials));
    metrics
}

/// The least of what stays, by a solve of its own, over what had to stay.
fn least_margin(trials: &[Trial]) -> f64 {
    let all = trials.iter().flat_map(|trial| &trial.thresholds);
    all.map(|threshold| threshold.solved - threshold.magnitude)
        .fold(f64::INFINITY, f64::min)
}

/// The claims as all reports have them.
pub(super) fn claims(trials: &[Trial]) -> Vec<Claim> {
    let kinds = kinds(trials);
    let inside = || kinds.iter().filter(|kind| kind.body != Body::Sphere);
    let range = |ranking: Ranking| {
        let means = || inside().map(|kind| 100.0 * kind.found(ranking).mean);
        let low = means().fold(f64::INFINITY, f64::min);
        let high = means().fold(0.0, f64::max);
        format!("{low:.0} to {high:.0} % by {ranking}")
    };
    let halves = |ranking: Ranking| {
        let means = || {
            kinds
                .iter()
                .filter(|kind| ranking != Ranking::Vertices || kind.body != Body::Sphere)
                .map(|kind| 100.0 * kind.lost(ranking, HALF).mean)
        };
        let low = means().fold(f64::INFINITY, f64::min);
        let high = means().fold(0.0, f64::max);
        format!("{low:.1} to {high:.1} % by {ranking}")
    };
    let published = "pictures; no figures at hand";
    vec![
        Claim {
            statement: "the removal changes the magnitude by no more than the threshold".into(),
            ours: format!(
                "by construction; at least {:.1e} of the magnitude above each of {} thresholds, by solves of their own",
                least_margin(trials),
                trials
                    .iter()
                    .map(|trial| trial.thresholds.len())
                    .sum::<usize>()
            ),
            published: "argued for in the paper".into(),
        },
        Claim {
            statement: "the order of the points finds the vertices of the convex hull".into(),
            ours: format!(
                "at the number of vertices, t · median = {USUAL_SCALE}: {}",
                Ranking::BLIND.map(range).join(", ")
            ),
            published: published.into(),
        },
        Claim {
            statement: "fewer points than vertices approximate the convex hull".into(),
            ours: format!(
                "worst loss of the width with half as many points as vertices: {}",
                Ranking::ALL.map(halves).join(", ")
            ),
            published: published.into(),
        },
    ]
}
