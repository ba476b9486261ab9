//! The optimisers, and the two ways in which each moves a point.

use std::fmt;

use holonomy::optim::{
    AdagradConfig, AdamConfig, Gradient, ManifoldParameter, Optimizer, SgdConfig, UpdateRule,
};
use holonomy::{PoincareBall, Result};
use serde::Serialize;
use tch::Tensor;

/// What is done with a gradient.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Rule {
    Rsgd,
    Radam,
    Ramsgrad,
    Radagrad,
}

/// How a point follows a tangent vector, and its momentum with it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Map {
    /// Along the geodesic.
    Exp,
    /// Along the straight line, back to the ball where that leaves it.
    Retraction,
}

/// A rule with a map.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub(crate) struct Method {
    pub(crate) map: Map,
    pub(crate) rule: Rule,
}

pub(crate) const RULES: [Rule; 4] = [Rule::Rsgd, Rule::Radam, Rule::Ramsgrad, Rule::Radagrad];
pub(crate) const MAPS: [Map; 2] = [Map::Exp, Map::Retraction];

impl fmt::Display for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Rsgd => "RSGD",
            Self::Radam => "RADAM",
            Self::Ramsgrad => "RAMSGRAD",
            Self::Radagrad => "RADAGRAD",
        })
    }
}

impl fmt::Display for Map {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Exp => "exp",
            Self::Retraction => "retraction",
        })
    }
}

impl Method {
    /// All eight.
    pub(crate) fn all() -> Vec<Self> {
        let of = |map| RULES.map(|rule| Self { map, rule });
        MAPS.into_iter().flat_map(of).collect()
    }

    /// The optimiser of a table of points, `[nodes, n]`, each of them one factor of the product of
    /// balls: the second moment is one number a row.
    pub(crate) fn start(self, points: &Tensor, rate: f64) -> Result<Box<dyn Steps>> {
        let table = self.map.table(points)?;
        Ok(match self.rule {
            Rule::Rsgd => steps(table, SgdConfig::new(rate))?,
            Rule::Radam => steps(table, AdamConfig::new(rate))?,
            Rule::Ramsgrad => steps(
                table,
                AdamConfig {
                    amsgrad: true,
                    ..AdamConfig::new(rate)
                },
            )?,
            Rule::Radagrad => steps(table, AdagradConfig::new(rate))?,
        })
    }
}

impl Map {
    fn table(self, points: &Tensor) -> Result<ManifoldParameter> {
        let ball = ball(points.size()[1])?;
        match self {
            Self::Exp => ManifoldParameter::geodesic(Box::new(ball), points),
            Self::Retraction => {
                let ball = ball.with_straight_retraction(PoincareBall::STRAIGHT_EDGE)?;
                ManifoldParameter::new(Box::new(ball), points)
            }
        }
    }
}

/// The space of the paper's experiment.
pub(crate) fn ball(n: i64) -> Result<PoincareBall> {
    PoincareBall::new(n, -1.0)
}

/// An optimiser of one table, whatever its rule.
pub(crate) trait Steps {
    /// The table, which the steps write into.
    fn points(&self) -> Tensor;
    /// Moves the rows that the gradient names.
    fn step(&mut self, gradient: Gradient) -> Result<()>;
}

impl<R: UpdateRule> Steps for Optimizer<R> {
    fn points(&self) -> Tensor {
        let mut tables = self.parameters();
        tables
            .next()
            .map_or_else(Tensor::new, |table| table.tensor().detach())
    }

    fn step(&mut self, gradient: Gradient) -> Result<()> {
        if let Some(table) = self.parameters_mut().next() {
            table.set_gradient(gradient);
        }
        Self::step(self)
    }
}

fn steps<R: UpdateRule + 'static>(table: ManifoldParameter, config: R) -> Result<Box<dyn Steps>> {
    Ok(Box::new(Optimizer::new(vec![table], config)?))
}

#[cfg(test)]
mod tests {
    use holonomy::Geodesic;
    use tch::Tensor;

    use super::*;

    /// The first step of a method from near the boundary against a unit Euclidean gradient.
    fn first_step(method: Method) -> (Tensor, Tensor) {
        let start = Tensor::from_slice(&[0.9, 0.0, 0.5, 0.0]).view([2, 2]);
        let mut optimizer = method.start(&start, 0.5).unwrap();
        let (row, unit) = (
            Tensor::from_slice(&[0_i64]),
            Tensor::from_slice(&[1.0, 0.0]),
        );
        let gradient = Gradient::from_rows(&row, &unit.unsqueeze(0));
        optimizer.step(gradient).unwrap();
        (start, optimizer.points())
    }

    #[test]
    fn only_rows_with_a_gradient_move() {
        for method in Method::all() {
            let (start, end) = first_step(method);
            assert_ne!(start.get(0), end.get(0), "{method:?}");
            assert_eq!(start.get(1), end.get(1), "{method:?}");
        }
    }

    #[test]
    fn an_adaptive_step_is_as_long_as_the_rate_on_a_geodesic_and_straight_otherwise() {
        for rule in [Rule::Radam, Rule::Ramsgrad, Rule::Radagrad] {
            let (start, end) = first_step(Method {
                map: Map::Exp,
                rule,
            });
            let length = ball(2).unwrap().dist(&start, &end).double_value(&[0]);
            assert!((length - 0.5).abs() < 1e-6, "{rule} {length}");
            let map = Map::Retraction;
            let (start, end) = first_step(Method { map, rule });
            let straight = (end - start).double_value(&[0, 0]);
            let expected = -0.5 * (1.0 - 0.81) / 2.0;
            assert!((straight - expected).abs() < 1e-7, "{rule} {straight}");
        }
    }
}
