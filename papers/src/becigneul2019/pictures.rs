//! The paper's figures 2 and 3: curves of loss and MAP, and the loss at every learning rate.

use std::path::Path;

use holonomy::Result;
use holonomy::plot::CurvePlot;

use super::choice::{self, Reached, mean};
use super::method::{MAPS, Map, RULES, Rule};
use super::options::Settings;
use super::training::Run;
use super::training::{Curves, Maps};

/// What a picture of curves shows.
#[derive(Clone, Copy)]
enum Panel {
    Loss,
    TrainMap,
    HeldOutMap,
}

/// A method at one rate, to be drawn.
struct Line<'a> {
    name: String,
    reached: &'a Reached,
}

/// Draws all pictures as SVG and PNG; returns the names of the files. What cannot be drawn costs
/// the pictures and a warning, not the run.
pub(crate) fn draw(
    folder: &Path,
    settings: &Settings,
    runs: &[Run],
    reached: &[Reached],
    best: &[&Reached],
) -> Vec<String> {
    draw_all(folder, settings, runs, reached, best).unwrap_or_else(|error| {
        tracing::warn!("no pictures: {error}");
        Vec::new()
    })
}

fn draw_all(
    folder: &Path,
    settings: &Settings,
    runs: &[Run],
    reached: &[Reached],
    best: &[&Reached],
) -> Result<Vec<String>> {
    let mut files = Vec::new();
    for map in MAPS {
        let lines = lines(map, settings, reached, best);
        if lines.is_empty() {
            continue;
        }
        for panel in [Panel::Loss, Panel::TrainMap, Panel::HeldOutMap] {
            let plot = curves(map, panel, choice::seeds(best), runs, &lines);
            files.extend(save(folder, &format!("{map}_{}", panel.file()), &plot)?);
        }
        if settings.rates.len() > 1 {
            let plot = rates(map, reached);
            files.extend(save(folder, &format!("{map}_rates"), &plot)?);
        }
    }
    Ok(files)
}

fn save(folder: &Path, stem: &str, plot: &CurvePlot) -> Result<Vec<String>> {
    let picture = plot.draw()?;
    let names = ["svg", "png"].map(|ending| format!("{stem}.{ending}"));
    for name in &names {
        picture.save(folder.join(name))?;
    }
    Ok(names.to_vec())
}

/// As in the paper: every method at its best rate, and RSGD at the rates below and above too.
fn lines<'a>(
    map: Map,
    settings: &Settings,
    reached: &'a [Reached],
    best: &[&'a Reached],
) -> Vec<Line<'a>> {
    let mut lines = Vec::new();
    for &best in best.iter().filter(|best| best.method.map == map) {
        if best.mean(|f| f.loss).is_finite() {
            lines.push(best);
        }
        if best.method.rule == Rule::Rsgd {
            lines.extend(neighbours(best, settings, reached));
        }
    }
    let name = |reached: &Reached| format!("{} {}", reached.method.rule, reached.rate);
    let line = |reached| Line {
        name: name(reached),
        reached,
    };
    lines.into_iter().map(line).collect()
}

/// The same method at the rates next to this one.
fn neighbours<'a>(of: &Reached, settings: &Settings, reached: &'a [Reached]) -> Vec<&'a Reached> {
    let at = |rate: f64| {
        let mut same = reached.iter().filter(|reached| reached.method == of.method);
        same.find(|reached| reached.rate == rate && reached.mean(|f| f.loss).is_finite())
    };
    let rates = choice::neighbours(settings, of.rate);
    rates.into_iter().filter_map(at).collect()
}

fn curves(map: Map, panel: Panel, seeds: usize, runs: &[Run], lines: &[Line]) -> CurvePlot {
    let mut plot = CurvePlot::new()
        .title(format!("{}: {}", panel.title(), moved_by(map)))
        .x_label("epoch after the burn-in")
        .y_label(panel.axis(seeds));
    if matches!(panel, Panel::Loss) {
        plot = plot.log_y();
    }
    for line in lines {
        let of_line =
            |run: &&Run| run.method == line.reached.method && run.rate == line.reached.rate;
        let curves: Vec<Vec<(f64, f64)>> = runs
            .iter()
            .filter(of_line)
            .map(|run| panel.points(&run.curves))
            .collect();
        plot = plot.line(line.name.as_str(), &averaged(&curves));
    }
    plot
}

/// The mean of curves over the same places.
fn averaged(curves: &[Vec<(f64, f64)>]) -> Vec<(f64, f64)> {
    let shortest = curves.iter().map(Vec::len).min().unwrap_or(0);
    let at = |index: usize| {
        let values: Vec<f64> = curves.iter().map(|curve| curve[index].1).collect();
        (curves[0][index].0, mean(&values))
    };
    (0..shortest).map(at).collect()
}

/// The loss that each method ends with, over the learning rate.
fn rates(map: Map, reached: &[Reached]) -> CurvePlot {
    let mut plot = CurvePlot::new()
        .title(format!("Learning rates: {}", moved_by(map)))
        .x_label("learning rate")
        .y_label("training loss at the end, first seed")
        .log_x()
        .log_y();
    for rule in RULES {
        let of_rule = |reached: &&Reached| reached.method.map == map && reached.method.rule == rule;
        let points: Vec<(f64, f64)> = reached
            .iter()
            .filter(of_rule)
            .map(|reached| (reached.rate, reached.results[0].loss))
            .filter(|(_, loss)| loss.is_finite())
            .collect();
        if !points.is_empty() {
            plot = plot.line(rule.to_string(), &points);
        }
    }
    plot
}

fn moved_by(map: Map) -> &'static str {
    match map {
        Map::Exp => "with the exponential map",
        Map::Retraction => "with the retraction",
    }
}

impl Panel {
    fn file(self) -> &'static str {
        match self {
            Self::Loss => "loss",
            Self::TrainMap => "train_map",
            Self::HeldOutMap => "held_out_map",
        }
    }

    fn title(self) -> &'static str {
        match self {
            Self::Loss => "Training loss",
            Self::TrainMap => "Reconstruction",
            Self::HeldOutMap => "Link prediction",
        }
    }

    fn axis(self, seeds: usize) -> String {
        let what = match self {
            Self::Loss => "mean loss of a pair",
            Self::TrainMap => "MAP on the training pairs",
            Self::HeldOutMap => "MAP on the held-out pairs",
        };
        match seeds {
            1 => what.into(),
            _ => format!("{what}, mean of {seeds} seeds"),
        }
    }

    fn points(self, curves: &Curves) -> Vec<(f64, f64)> {
        let maps = |of: fn(&Maps) -> f64| {
            let maps = curves.maps.iter();
            maps.map(|maps| (maps.epoch as f64, of(maps))).collect()
        };
        match self {
            Self::Loss => {
                let losses = curves.losses.iter().enumerate();
                losses
                    .map(|(index, &loss)| ((index + 1) as f64, loss))
                    .collect()
            }
            Self::TrainMap => maps(|maps| maps.train),
            Self::HeldOutMap => maps(|maps| maps.held_out),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn curves_are_averaged_over_the_seeds() {
        let curves = [vec![(1.0, 1.0), (2.0, 2.0)], vec![(1.0, 3.0), (2.0, 4.0)]];
        assert_eq!(averaged(&curves), [(1.0, 2.0), (2.0, 3.0)]);
        assert!(averaged(&[]).is_empty());
    }
}
