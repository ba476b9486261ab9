//! A tree of species with branch lengths, embedded in the hyperbolic plane and drawn.

use holonomy::embed::{TreeConfig, embed_tree};
use holonomy::graph::{parse_newick, shortest_paths};
use holonomy::metric::pairwise_distances;
use holonomy::plot::DiskPlot;
use holonomy::{PoincareBall, Result};

/// An invented phylogeny; use `read_newick` to read a file.
const TREE: &str = "
(((dog:2, wolf:2)canids:5, (cat:4, (lion:1, tiger:1)'big cats':3)felids:3)carnivores:3,
 ((mouse:6, rat:6)rodents:2, rabbit:8)glires[&support=97]:2,
 (whale:5, cow:5)'even-toed':5)mammals;
";

fn main() -> Result<()> {
    let tree = parse_newick(TREE, "mammals.nwk")?;
    println!("{tree:?}");

    // All distances are within 5 % of those along the branches, times the scale.
    let config = TreeConfig {
        epsilon: 0.05,
        ..TreeConfig::default()
    };
    let embedding = embed_tree(&tree, &config)?;
    println!(
        "scale {:.2}: distortion at most {:.2}, {} bits a coordinate",
        embedding.scale(),
        embedding.distortion_bound(),
        embedding.bits()
    );
    let found = embedding.measure(&tree, None, |_| {})?;
    println!(
        "measured: {:.4} at worst, {:.4} on average",
        found.tree.worst_case, found.tree.average
    );
    assert!(found.tree.worst_case <= 1.05);

    // For so small a distortion f64 does not have enough bits; use big floats.
    assert!(!embedding.fits_f64());
    let points = embedding.precise_points(embedding.bits() as usize)?;
    let node = |name| tree.index_of(name).unwrap_or_default();
    let (dog, whale) = (node("dog"), node("whale"));
    let path = shortest_paths(&tree).double_value(&[i64::from(dog), i64::from(whale)]);
    let distance = points.distance(dog, whale) / embedding.scale();
    println!("dog to whale: {path} along the branches, {distance:.3} in the plane");
    assert!((path / 1.05..=path).contains(&distance));

    // Shorter edges distort distances more, but make a readable picture.
    let config = TreeConfig {
        scale: Some(0.5),
        root: Some(node("mammals")),
        ..TreeConfig::default()
    };
    let drawn = embed_tree(&tree, &config)?.points()?;
    let labels: Vec<(u32, &str)> = (0..).zip(tree.names().iter().map(String::as_str)).collect();
    let folder = tempfile::tempdir().map_err(holonomy::Error::io("create", "a folder"))?;
    let file = folder.path().join("mammals.svg");
    DiskPlot::new()
        .points(&drawn)
        .edges(tree.edges())
        .labels(&labels)
        .save(&file)?;
    assert!(file.exists());
    let disk = PoincareBall::new(2, -1.0)?;
    let distances = pairwise_distances(&disk, &drawn);
    let between = |a, b| distances.double_value(&[i64::from(node(a)), i64::from(node(b))]);
    assert!(between("lion", "tiger") < between("lion", "dog"));
    Ok(())
}
