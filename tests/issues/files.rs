//! Files as they are found, and messages.

use std::path::Path;

use holonomy::embed::hmds::{HmdsConfig, Refinement, Scale, hmds};
use holonomy::embed::{
    Bandwidth, DiffusionOperator, DistanceConfig, DistanceTrainer, Kernel, affinity,
};
use holonomy::graph::{EdgeListOptions, Graph, parse_edge_list};
use holonomy::magnitude::{
    Derivatives, HullApproximation, IncrementalMagnitude, Keep, NearestNeighbourConfig,
    WeightedSpace, WeightingConfig, differentiable_magnitude, magnitude_function, moments,
    nearest_neighbour_weighting_of_distances, scale_of_magnitude, spread, union_magnitude,
    weighting,
};
use holonomy::metric::{Rescaling, distortion, read_distances};
use holonomy::metric::{gromov_hyperbolicity, sampled_hyperbolicity};
use holonomy::scores::mean_average_precision;
use holonomy::{Error, Result};
use rand::SeedableRng;
use rand_xoshiro::Xoshiro256PlusPlus;
use tch::{Kind, Tensor};

fn numbers(t: &Tensor) -> Vec<f64> {
    Vec::try_from(&t.detach().to_kind(Kind::Double).view(-1)).unwrap()
}

/// Five points on a line, so that every triangle holds.
fn on_a_line() -> Tensor {
    let at = Tensor::from_slice(&[0.0, 0.3, 1.1, 1.7, 2.9]);
    (at.unsqueeze(0) - at.unsqueeze(1)).abs()
}

/// `exact` with one entry above the diagonal and one on it changed by some part of the largest.
fn rounded(exact: &Tensor, part: f64) -> Tensor {
    let largest = exact.max().double_value(&[]);
    let matrix = exact.copy();
    let entry = exact.double_value(&[1, 3]);
    let _ = matrix.get(1).get(3).fill_(entry + part * largest);
    let _ = matrix.get(2).get(2).fill_(part * largest);
    matrix
}

type Use = fn(&Tensor) -> Result<Vec<f64>>;

/// What takes distances.
const USES: [(&str, Use); 18] = [
    ("weighting", |d| {
        Ok(numbers(
            &weighting(d, 1.0, &WeightingConfig::default())?.weights,
        ))
    }),
    ("Weighting::scale_derivative", |d| {
        let w = weighting(&on_a_line(), 1.0, &WeightingConfig::default())?;
        Ok(vec![w.scale_derivative(d)?])
    }),
    ("magnitude_function", |d| {
        Ok(magnitude_function(d, &[0.5, 2.0], &WeightingConfig::default())?.magnitudes)
    }),
    ("spread", |d| Ok(vec![spread(d, 1.0)?])),
    ("scale_of_magnitude", |d| {
        Ok(vec![scale_of_magnitude(
            d,
            2.0,
            &WeightingConfig::default(),
        )?])
    }),
    ("moments", |d| Ok(numbers(&moments(d, 1.0)?))),
    ("HullApproximation", |d| {
        let hull = HullApproximation::new(Keep::Points(3)).fit_distances(d)?;
        Ok(hull.gains().to_vec())
    }),
    ("WeightedSpace", |d| {
        let space = WeightedSpace::new(d, 1.0, &WeightingConfig::default())?;
        Ok(numbers(&space.weighting().weights))
    }),
    ("IncrementalMagnitude", |d| {
        Ok(vec![
            IncrementalMagnitude::from_distances(d, 1.0)?.magnitude(),
        ])
    }),
    ("union_magnitude", |d| {
        Ok(vec![union_magnitude(d, &[0, 1, 2], &[2, 3, 4], 1.0)?.union])
    }),
    ("nearest_neighbour_weighting_of_distances", |d| {
        let config = NearestNeighbourConfig::default();
        Ok(numbers(
            &nearest_neighbour_weighting_of_distances(d, 1.0, &config)?.weights,
        ))
    }),
    ("differentiable_magnitude", |d| {
        let (d, t) = (d.detach().set_requires_grad(true), Tensor::from(1.0));
        let config = WeightingConfig::default();
        let value = differentiable_magnitude(&d, &t, Derivatives::First, &config)?;
        value.backward();
        // Both entries of a pair share its derivative; no point is at a distance from itself.
        let of_pair = (d.grad() + d.grad().tr()).triu(1);
        Ok([vec![value.double_value(&[])], numbers(&of_pair)].concat())
    }),
    ("affinity", |d| {
        Ok(numbers(&affinity(
            d,
            Kernel::Gaussian,
            Bandwidth::Median(1.0),
        )?))
    }),
    ("gromov_hyperbolicity", |d| {
        Ok(vec![gromov_hyperbolicity(d)?])
    }),
    ("sampled_hyperbolicity", |d| {
        let mut rng = Xoshiro256PlusPlus::seed_from_u64(1);
        Ok(vec![sampled_hyperbolicity(d, 50, &mut rng)?.mean])
    }),
    ("DistanceTrainer", |d| {
        let config = DistanceConfig {
            epochs: 3,
            ..DistanceConfig::new("H2".parse()?)
        };
        let found =
            DistanceTrainer::new(config, d)?.run(|_| std::ops::ControlFlow::Continue(()))?;
        Ok(numbers(&found.points))
    }),
    ("hmds", |d| {
        let config = HmdsConfig {
            dim: 2,
            scale: Scale::Fixed(1.0),
            refinement: Refinement::None,
            ..HmdsConfig::default()
        };
        let fit = hmds(d, &config)?.fit;
        Ok(vec![fit.distortion, fit.largest_error])
    }),
    ("distortion", |d| {
        let found = distortion(d, &(d * 2.0))?;
        let factor = Rescaling::Best.factor(d, &(d * 2.0))?;
        let names = (0..5).map(|node| node.to_string()).collect();
        let path = Graph::new(names, vec![(0, 1), (1, 2), (2, 3), (3, 4)], None)?;
        let map = mean_average_precision(&path, d)?;
        Ok(vec![found.average, found.worst_case, factor, map])
    }),
];

#[test]
fn what_rounding_makes_of_distances_is_taken_as_their_mean_everywhere() {
    let exact = on_a_line();
    for (name, of) in USES {
        for (kind, part) in [
            (Kind::Double, 1e-16),
            (Kind::Double, 5e-11),
            (Kind::Float, 3e-6),
        ] {
            let matrix = rounded(&exact, part).to_kind(kind);
            let eye = Tensor::eye(5, (Kind::Bool, tch::Device::Cpu));
            let mean = ((&matrix + matrix.tr()) * 0.5).masked_fill(&eye, 0.0);
            if name == "hmds" && kind == Kind::Float {
                // It takes the mean in f64, which f32 does not hold.
                continue;
            }
            let (found, wanted) = (of(&matrix), of(&mean).unwrap());
            let found = found.unwrap_or_else(|error| panic!("{name}, {part}: {error}"));
            assert_eq!(found, wanted, "{name}, {part}");
        }
    }
}

#[test]
fn what_rounding_does_not_make_of_distances_is_refused_everywhere() {
    let exact = on_a_line();
    for (name, of) in USES {
        for (kind, part) in [(Kind::Double, 2e-10), (Kind::Float, 2e-5)] {
            let largest = part * exact.max().double_value(&[]);
            let diagonal = exact.copy();
            let _ = diagonal.get(2).get(2).fill_(largest);
            let mirror = exact.copy();
            let _ = mirror.get(1).get(3).fill_(1.4 + largest);
            for (matrix, place) in [(diagonal, "at (2, 2)"), (mirror, "at (3, 1)")] {
                let error = of(&matrix.to_kind(kind)).unwrap_err().to_string();
                assert!(error.contains(place), "{name}, {part}: {error}");
            }
        }
    }
}

#[test]
fn affinities_one_rounding_apart_are_affinities() {
    let exact = on_a_line().neg().exp();
    let matrix = exact.copy();
    let next = exact.double_value(&[1, 3]).next_up();
    let _ = matrix.get(1).get(3).fill_(next);
    let walk = |affinity| DiffusionOperator::from_affinity(affinity).map(|walk| walk.power(1.0));
    let difference = (walk(&matrix).unwrap() - walk(&exact).unwrap()).abs().max();
    assert!(difference.double_value(&[]) < 1e-14);
}

/// The edges by names, each "child parent", of a file with that name.
fn edges(name: &str, content: &str) -> Vec<String> {
    let read = parse_edge_list(content, name, EdgeListOptions::default());
    let (graph, _) = read.unwrap_or_else(|error| panic!("{content:?}: {error}"));
    let name = |node: u32| graph.names()[node as usize].as_str();
    let edges = graph.edges().iter();
    edges
        .map(|&(child, parent)| format!("{} {}", name(child), name(parent)))
        .collect()
}

#[test]
fn public_files_are_read_as_they_are() {
    let snap = "# Directed graph (each unordered pair of nodes is saved once): a.txt \n# Nodes: 3 Edges: 2\n\
                # FromNodeId\tToNodeId\n1\t2\t\r\n2\t3\t\r\n";
    let konect = "% sym unweighted\n% 2 3 3\n1 2 \n2 3 \n";
    let times = "% asym positive\n1\t2\t1\t1082008561\n2\t3\t1\t1082040961\n";
    let market =
        "%%MatrixMarket matrix coordinate pattern symmetric\n% made by hand\n3 3 2\n1 2\n2 3\n";
    let general =
        "%%MatrixMarket matrix coordinate real general\n4 4 3\n1 2 0.5\n2 3 1e-3\n3 3 7\n";
    for (name, content) in [
        ("ca-GrQc.txt", snap),
        ("out.a", konect),
        ("out.b", times),
        ("a.mtx", market),
        ("b.mtx", general),
        ("a.edgelist", "1 2 {}\n2 3 {}\n"),
        (
            "a.edgelist",
            "1 2 {'weight': 2}\n2 3 {'weight': 0.5, 'colour': 'red, or {blue}'}\n",
        ),
        (
            "a.edgelist",
            "#one.py x.edgelist\n# GMT Mon Nov 30 02:00:00 2026\n#\n1 2\n2 3\n",
        ),
        ("a.csv", "1,2,{'weight': 2, 'a': 1}\n2,3,{'weight': 0.5}\n"),
        ("a.txt", "    1     2   0.5\n    2     3  10\n"),
        ("a.txt", "1 \t 2\n2 \t 3\n"),
        ("a.tsv", "1 2\n2 3\n"),
        ("a.csv", "1;2\n2;3\n"),
        ("a.csv", "\u{feff}Child;Parent\r\n1;2\r\n2;3\r\n"),
        ("a.csv", "1,2,\n2,3,\n,,\n"),
        ("a.csv", "id1,id2,weight\n1,2,1\n2,3,1\n"),
        ("a.csv", ",child,parent\n0,1,2\n1,2,3\n"),
        (
            "a.csv",
            "\"\",\"child\",\"parent\"\n\"1\",\"1\",\"2\"\n\"2\",\"2\",\"3\"\n",
        ),
        (
            "a.txt",
            "\"from\" \"to\"\n\"1\" \"1\" \"2\"\n\"2\" \"2\" \"3\"\n",
        ),
        (
            "a.csv",
            ",source,target,label,weight\n0,1,2,\"a, b\",1.5\n1,2,3,c,2\n",
        ),
        ("a.csv", "parent,name,child,time\n2,x,1,9\n3,y,2,9\n"),
    ] {
        assert_eq!(edges(name, content), ["1 2", "2 3"], "{name}: {content:?}");
    }
}

#[test]
fn a_header_is_known_by_what_stands_in_the_file() {
    let rows = "dog,mammal\ncat,mammal\nmammal,animal\n";
    let wanted = ["dog mammal", "cat mammal", "mammal animal"];
    for header in [
        "name,parent",
        "entity,group",
        "Species,Taxon",
        "child_id,parent_id",
    ] {
        assert_eq!(
            edges("a.csv", &format!("{header}\n{rows}")),
            wanted,
            "{header}"
        );
    }
    // Direction by the titles.
    let turned = "mammal,dog\nmammal,cat\nanimal,mammal\n";
    for header in [
        "parent,child",
        "Parent Name,Name",
        "hypernym,hyponym",
        "parentID,id",
    ] {
        assert_eq!(
            edges("a.csv", &format!("{header}\n{turned}")),
            wanted,
            "{header}"
        );
    }
    // No header: a name comes again, another row stands alone too, names look alike.
    for first in ["dog,wolf", "mammal,thing"] {
        assert_eq!(
            edges("a.csv", &format!("{first}\n{rows}")).len(),
            4,
            "{first}"
        );
    }
    assert_eq!(edges("a.csv", &format!("x,y\n{rows}p,q\n")).len(), 5);
    assert_eq!(edges("a.csv", "x1,y1\na1,b1\nb1,c1\nc1,d1\n").len(), 4);
}

#[test]
fn self_loops_are_left_out_and_counted_or_refused() {
    let content = "a,b\nb,b\nc,c\nb,c\na,b\n";
    let (graph, report) = parse_edge_list(content, "a.csv", EdgeListOptions::default()).unwrap();
    assert_eq!(graph.edges(), [(0, 1), (1, 2)]);
    assert!(
        report
            .to_string()
            .contains("2 self loops left out (the first on line 2)")
    );
    let options = EdgeListOptions {
        strict: true,
        ..EdgeListOptions::default()
    };
    let refused = |content: &str| {
        let error = parse_edge_list(content, "a.csv", options).unwrap_err();
        error.to_string()
    };
    assert!(refused(content).contains("a.csv:2: expected an edge between different nodes"));
    assert!(refused("a,b\nb,c\na,b\n").contains("a.csv:3: expected every edge once"));
}

#[test]
fn messages_of_distances_tell_line_separator_and_cure() {
    let folder = tempfile::tempdir().unwrap();
    let read = |name: &str, content: &str| {
        let path = folder.path().join(name);
        std::fs::write(&path, content).unwrap();
        let read = read_distances(&path).map(|found| numbers(&found.distances));
        read.map_err(|error| error.to_string())
    };
    let error = read("a.csv", "0,1\n\n\n\nx,0\n").unwrap_err();
    assert!(
        error.ends_with("a.csv:5: expected a number in column 1, got \"x\""),
        "{error}"
    );
    assert_eq!(read("a.csv", "0;1\n1;0\n").unwrap(), [0.0, 1.0, 1.0, 0.0]);
    assert_eq!(
        read("a.txt", "  0   1.5\n 1.5  0\n").unwrap(),
        [0.0, 1.5, 1.5, 0.0]
    );
    let error = read("a.csv", "0;1;2\n1;0;3\n").unwrap_err();
    assert!(
        error.contains("2 rows of 3 numbers between semicolons"),
        "{error}"
    );
    let error = read("a.csv", "0;1,5\n1,5;0\n").unwrap_err();
    assert!(
        error.ends_with(
            "a.csv:1: expected a number in column 2, got \"1,5\" (write a decimal point)"
        ),
        "{error}"
    );
}

#[test]
fn text_in_other_encodings_is_told_with_a_cure() {
    let error = |bytes: &[u8]| {
        let read = parse_edge_list(bytes, Path::new("a.csv"), EdgeListOptions::default());
        assert!(matches!(read, Err(Error::Parse { .. })));
        read.unwrap_err().to_string()
    };
    assert!(
        error(b"a,b\nb,caf\xe9\n").contains(
            "a.csv:2: expected UTF-8 text, got byte 0xe9 (if the file is in Latin-1, iconv"
        )
    );
    assert!(error(b"\xff\xfea\0,\0b\0").contains("UTF-16 (save it as UTF-8)"));
}

#[test]
fn cycles_are_told_by_names() {
    let (graph, _) =
        parse_edge_list("a,b\nb,c\nc,a\nd,a\n", "a.csv", EdgeListOptions::default()).unwrap();
    let cycle = graph.direction().cycle_by_names();
    assert_eq!(cycle.unwrap(), "\"a\" → \"b\" → \"c\" → \"a\"");
}
