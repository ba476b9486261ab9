//! Points from hyperbolic distances (section 4): exact recovery, fewer dimensions, noise, graphs, and the
//! eigen-solver's time.

mod study;
mod summary;

use holonomy::Result;
use serde::Serialize;

use super::Findings;
use super::options::Settings;
use crate::data::graphs;
use crate::harness::output;
use study::{GraphFit, Noise, Recovery, Reduction, Timing};

/// What the experiments gave.
#[derive(Debug, Serialize)]
struct Results {
    recovery: Vec<Recovery>,
    reduction: Vec<Reduction>,
    noise: Vec<Noise>,
    graphs: Vec<GraphFit>,
    timing: Vec<Timing>,
}

pub(super) fn run(settings: &Settings) -> Result<Findings> {
    let results = if let Some(own) = graphs::own(settings.edges.as_deref(), settings.edge_list)? {
        Results {
            graphs: graphs(&[own], settings)?,
            ..empty()
        }
    } else {
        everything(settings)?
    };
    let files = summary::draw(&settings.out, &results);
    Ok(Findings {
        details: serde_json::to_value(&results).unwrap_or_default(),
        metrics: summary::metrics(&results),
        claims: summary::claims(&results),
        tables: summary::tables(&results),
        files,
    })
}

fn empty() -> Results {
    Results {
        recovery: Vec::new(),
        reduction: Vec::new(),
        noise: Vec::new(),
        graphs: Vec::new(),
        timing: Vec::new(),
    }
}

fn everything(settings: &Settings) -> Result<Results> {
    let mut results = empty();
    let sizes: &[(i64, i64)] = if settings.quick {
        &[(60, 3)]
    } else {
        &[(60, 3), (2_000, 10)]
    };
    let radii: &[f64] = if settings.quick {
        &[1.0, 8.0]
    } else {
        &[1.0, 2.0, 5.0, 8.0, 12.0]
    };
    for &(n, dim) in sizes {
        for &radius in radii {
            let points = study::points(n, dim, radius, settings.seed);
            results
                .recovery
                .push(study::recover(&points, radius, None)?);
        }
    }
    for &radius in radii {
        let apart = 1e-4;
        let points = study::with_neighbours(30, 3, radius, apart, settings.seed)?;
        results
            .recovery
            .push(study::recover(&points, radius, Some(apart))?);
    }
    output::note("exact recovery: done");
    results.reduction = study::reduction(if settings.quick { 30 } else { 300 }, settings.seed)?;
    output::note("fewer dimensions: done");
    results.noise = study::noise(if settings.quick { 30 } else { 200 }, settings.seed)?;
    output::note("noise: done");
    let mut trees = vec![graphs::balanced_tree(3, 3)?];
    if !settings.quick {
        trees.push(graphs::mammals()?);
    }
    results.graphs = graphs(&trees, settings)?;
    if !settings.quick {
        for n in [1_000, 5_000] {
            results.timing.push(study::time(n, settings.seed)?);
            output::note(&format!("times of {n} points: done"));
        }
    }
    Ok(results)
}

fn graphs(graphs: &[graphs::Named], settings: &Settings) -> Result<Vec<GraphFit>> {
    let dims: &[i64] = if settings.quick { &[2] } else { &[2, 5, 10] };
    let mut fits = Vec::new();
    for graph in graphs {
        for &dim in dims {
            fits.extend(study::embed(graph, dim, settings)?);
            output::note(&format!("{}, {dim} dimensions: done", graph.name));
        }
    }
    Ok(fits)
}
