//! How well diffusion distances keep those of a graph, over walks, scales, α and ways to rescale.

use holonomy::Result;
use holonomy::embed::{
    Bandwidth, DiffusionConfig, DiffusionOperator, HyperbolicDiffusion, Kernel, affinity,
};
use holonomy::graph::{Graph, SpanningTree, shortest_paths, spanning_tree};
use holonomy::metric::{Rescaling, distortion};
use holonomy::scores::mean_average_precision;
use serde::Serialize;
use tch::{Kind, Tensor};

use crate::data::graphs::Named;

/// The number of scales of the paper's public program for the balanced tree.
pub(super) const SCALES: u32 = 3;
/// The α of all the paper's experiments.
pub(super) const ALPHA: f64 = 0.5;

/// Where the random walk comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Walk {
    /// exp(−L), the operator of the paper's public program for graphs.
    Heat,
    /// Gaussian affinities of the shortest paths, ε the squared median, density-corrected.
    Gaussian,
    /// exp(−d/2) of the shortest paths, density-corrected.
    Exponential,
}

impl Walk {
    pub(super) const ALL: [Self; 3] = [Self::Heat, Self::Gaussian, Self::Exponential];

    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Heat => "exp(−L)",
            Self::Gaussian => "exp(−d²/median²)",
            Self::Exponential => "exp(−d/2)",
        }
    }

    fn operator(self, graph: &Graph, paths: &Tensor) -> Result<DiffusionOperator> {
        let (kernel, bandwidth) = match self {
            Self::Heat => return DiffusionOperator::heat(graph, 1.0),
            Self::Gaussian => (Kernel::Gaussian, Bandwidth::Median(1.0)),
            Self::Exponential => (Kernel::Exponential, Bandwidth::Fixed(2.0)),
        };
        DiffusionOperator::from_affinity(&affinity(paths, kernel, bandwidth)?)
    }
}

/// The distances of one walk with one choice of scales and α, measured.
#[derive(Debug, Clone, Serialize)]
pub(super) struct Fit {
    pub(super) walk: Walk,
    pub(super) scales: u32,
    pub(super) alpha: f64,
    pub(super) map: f64,
    pub(super) worst_case: f64,
    /// The average distortion after each way to rescale.
    pub(super) average: Vec<(Rescaling, f64)>,
}

impl Fit {
    pub(super) fn average_of(&self, rescaling: Rescaling) -> f64 {
        let found = self.average.iter().find(|(of, _)| *of == rescaling);
        found.map_or(f64::NAN, |(_, average)| *average)
    }
}

/// The mean embedded distance, rescaled for the least average distortion, of the pairs of each true distance.
#[derive(Debug, Clone, Serialize)]
pub(super) struct Profile {
    pub(super) walk: Walk,
    pub(super) points: Vec<(f64, f64)>,
}

/// What a graph gave.
#[derive(Debug, Clone, Serialize)]
pub(super) struct Study {
    pub(super) name: String,
    pub(super) nodes: usize,
    pub(super) fits: Vec<Fit>,
    pub(super) profiles: Vec<Profile>,
    /// For each walk the part of the spectrum that is left out, and the largest negative mass of a density.
    pub(super) left_out: Vec<(Walk, f64, f64)>,
}

impl Study {
    /// The fit of a walk with the scales and the α of the paper's public program.
    pub(super) fn main_fit(&self, walk: Walk) -> Option<&Fit> {
        self.fit(walk, SCALES, ALPHA)
    }

    pub(super) fn fit(&self, walk: Walk, scales: u32, alpha: f64) -> Option<&Fit> {
        self.fits
            .iter()
            .find(|fit| fit.walk == walk && fit.scales == scales && fit.alpha == alpha)
    }
}

/// A graph of the user's own with every edge of length 1, as the heat kernel has them.
///
/// # Errors
///
/// [`holonomy::Error::InvalidArgument`] for a graph that is not connected, with names of nodes.
pub(super) fn connected(graph: &Graph) -> Result<Graph> {
    let graph = Graph::new(graph.names().to_vec(), graph.edges().to_vec(), None)?;
    let tree = SpanningTree::BreadthFirst { root: 0 };
    spanning_tree(&graph, tree).map(|_| graph)
}

/// Measures every walk with 1 to `scales` scales and each α.
pub(super) fn study(of: &Named, alphas: &[f64], scales: u32) -> Result<Study> {
    let graph = &of.graph;
    let paths = shortest_paths(graph);
    let mut study = Study {
        name: of.name.clone(),
        nodes: graph.node_count(),
        fits: Vec::new(),
        profiles: Vec::new(),
        left_out: Vec::new(),
    };
    for walk in Walk::ALL {
        for &alpha in alphas {
            let config = DiffusionConfig { scales, alpha };
            let embedding = HyperbolicDiffusion::new(walk.operator(graph, &paths)?, config)?;
            let mut distances = paths.zeros_like();
            for scale in 0..scales {
                distances += embedding.distances_at(scale);
                let fit = measure(graph, &paths, &distances, (walk, scale + 1, alpha))?;
                study.fits.push(fit);
                if scale + 1 == SCALES && alpha == ALPHA {
                    study.profiles.push(profile(walk, &paths, &distances)?);
                }
            }
            if alpha == ALPHA {
                let negative_part = embedding.operator().negative_part();
                let clipped = embedding.negative_mass();
                study.left_out.push((walk, negative_part, clipped));
            }
        }
    }
    Ok(study)
}

fn measure(
    graph: &Graph,
    paths: &Tensor,
    distances: &Tensor,
    (walk, scales, alpha): (Walk, u32, f64),
) -> Result<Fit> {
    let average = |rescaling: Rescaling| {
        let factor = rescaling.factor(paths, distances)?;
        Ok((rescaling, distortion(paths, &(distances * factor))?.average))
    };
    Ok(Fit {
        walk,
        scales,
        alpha,
        map: mean_average_precision(graph, distances)?,
        worst_case: distortion(paths, distances)?.worst_case,
        average: Rescaling::ALL
            .into_iter()
            .map(average)
            .collect::<Result<_>>()?,
    })
}

fn profile(walk: Walk, paths: &Tensor, distances: &Tensor) -> Result<Profile> {
    let scaled = distances * Rescaling::Best.factor(paths, distances)?;
    let largest = paths.max().double_value(&[]) as i64;
    let mean = |length: i64| {
        let of_length = scaled.masked_select(&paths.eq(length));
        let mean = of_length.mean(Kind::Double).double_value(&[]);
        (of_length.numel() > 0).then_some((length as f64, mean))
    };
    Ok(Profile {
        walk,
        points: (1..=largest).filter_map(mean).collect(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn graph(edges: &[(u32, u32)], weights: Option<Vec<f64>>) -> Graph {
        let names = ["a", "b", "c", "d"].map(String::from).to_vec();
        Graph::new(names, edges.to_vec(), weights).unwrap()
    }

    #[test]
    fn a_graph_in_parts_is_refused_and_weights_are_dropped() {
        let error = connected(&graph(&[(0, 1), (2, 3)], None)).unwrap_err();
        let message = error.to_string();
        assert!(
            message.contains("no path between \"a\" and \"c\""),
            "{message}"
        );
        let path = [(0, 1), (1, 2), (2, 3)];
        let own = connected(&graph(&path, Some(vec![1.5, 2.5, 0.3]))).unwrap();
        assert!(own.weights().is_none());
        let name = "path".into();
        let study = study(&Named { name, graph: own }, &[ALPHA], SCALES).unwrap();
        let lengths: Vec<f64> = study.profiles[0]
            .points
            .iter()
            .map(|point| point.0)
            .collect();
        assert_eq!(lengths, [1.0, 2.0, 3.0]);
    }
}
