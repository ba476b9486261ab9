//! Points of hyperbolic space from a file of distances, as CSV with names and as an `.npy` array.

use std::fmt::Write;

use holonomy::embed::hmds::{HmdsConfig, Scale, hmds};
use holonomy::metric::{pairwise_distances, read_distances};
use holonomy::random::generator;
use holonomy::tch::{Device, Kind, Tensor};
use holonomy::{Error, Geodesic, Lorentz, Result, Sample};

fn main() -> Result<()> {
    // Forty points of a space of curvature −0.25; only their distances are written to files.
    let space = Lorentz::new(3, -0.25)?;
    let mut rng = generator(6);
    let points = space.random_point(&mut rng, &[40], (Kind::Double, Device::Cpu));
    let distances = pairwise_distances(&space, &points);
    let folder = tempfile::tempdir().map_err(Error::io("create", "a folder"))?;
    let csv = folder.path().join("distances.csv");
    std::fs::write(&csv, table(&distances)).map_err(Error::io("write", &csv))?;
    let npy = folder.path().join("distances.npy");
    let op = "write_npy";
    let written = distances.write_npy(&npy);
    written.map_err(|source| Error::Torch { op, source })?;

    let from_csv = read_distances(&csv)?;
    let names = from_csv.names.unwrap_or_default();
    assert!(read_distances(&npy)?.distances == from_csv.distances);
    println!("{} points, {} to {}", names.len(), names[0], names[39]);

    // With the scale 0.5, which is the true curvature −0.25, the distances are recovered to
    // rounding.
    let config = HmdsConfig {
        dim: 3,
        scale: Scale::Fixed(0.5),
        ..HmdsConfig::default()
    };
    let found = hmds(&from_csv.distances, &config)?;
    println!("largest error {:.1e}", found.fit.largest_error);
    assert!(found.fit.largest_error < 1e-12);
    let between = found.space.dist(&found.points.get(0), &found.points.get(1));
    assert!((between - distances.get(0).get(1)).abs().double_value(&[]) < 1e-12);

    // If the curvature is unknown, search for it.
    let scale = Scale::search();
    let searched = hmds(&from_csv.distances, &HmdsConfig { scale, ..config })?;
    println!("curvature {:.4}", -searched.scale * searched.scale);
    assert!((searched.scale - 0.5).abs() < 1e-3);
    Ok(())
}

/// A header with names, and a row for each name.
fn table(distances: &Tensor) -> String {
    let n = distances.size()[0];
    let mut text = String::new();
    // Writing to a string cannot fail.
    for i in 0..n {
        let _ = write!(text, ",p{i}");
    }
    for i in 0..n {
        let _ = write!(text, "\np{i}");
        for j in 0..n {
            let _ = write!(text, ",{:?}", distances.double_value(&[i, j]));
        }
    }
    text
}
