//! Damaged files: whatever stands in them, the readers return, and what they accept is a graph.

use std::path::Path;

use holonomy::Error;
use holonomy::graph::{
    EdgeListOptions, Graph, Header, parse_edge_list, read_edge_list, read_wordnet_nouns,
    write_edge_list,
};
use rand::RngExt;
use rand::SeedableRng;
use rand_xoshiro::Xoshiro256PlusPlus;

use super::wordnet;

const TRIALS: usize = 3_000;
/// Files wait for the disk.
const FILES_EVERY: usize = 100;

/// Pieces that mean something to the formats, beside single random bytes.
const PIECES: [&[u8]; 30] = [
    b"\n",
    b"\r\n",
    b"\r",
    b"\t",
    b",",
    b";",
    b" ",
    b"\"",
    b"\"\"",
    b"-1",
    b"NaN",
    b"inf",
    b"1e999",
    b"4294967296",
    b"99999999999999999999",
    b"|",
    b"@",
    b"ffffffff",
    b"\0",
    b"\xef\xbb\xbf",
    b"\xff",
    b"\x1f\x8b",
    b"#",
    b"% sym\n",
    b"%%MatrixMarket",
    b"{",
    b"{'weight': 2}",
    b"'",
    b"}",
    b"parent",
];

/// The content with one to four pieces put in, taken out, overwritten or doubled.
pub(crate) fn mutate(content: &[u8], rng: &mut Xoshiro256PlusPlus) -> Vec<u8> {
    let mut mutant = content.to_vec();
    for _ in 0..rng.random_range(1..=4) {
        let start = rng.random_range(0..=mutant.len());
        let end = (start + rng.random_range(0..12)).min(mutant.len());
        let inserted: Vec<u8> = match rng.random_range(0..4) {
            0 => PIECES[rng.random_range(0..PIECES.len())].to_vec(),
            1 => vec![rng.random()],
            2 => mutant[start..end].repeat(2),
            _ => Vec::new(),
        };
        mutant.splice(start..end, inserted);
    }
    mutant
}

/// Whether a graph came back, after a check that the error is one that readers may give.
pub(crate) fn is_graph(result: &holonomy::Result<Graph>, content: &[u8]) -> bool {
    match result {
        Ok(graph) => {
            let (names, edges) = (graph.names().to_vec(), graph.edges().to_vec());
            let weights = graph.weights().map(<[f64]>::to_vec);
            assert!(Graph::new(names, edges, weights).is_ok());
            true
        }
        Err(Error::Parse { line, .. }) => {
            let lines = content.split(|&byte| byte == b'\n').count();
            assert!((1..=lines).contains(line), "line {line} of {lines}");
            false
        }
        Err(Error::Data { .. }) => false,
        Err(other) => panic!("{other:?}"),
    }
}

/// Both outcomes must be common, or the mutations test nothing.
pub(crate) fn check_outcomes(accepted: usize, trials: usize) {
    assert!(
        (trials / 20..trials * 19 / 20).contains(&accepted),
        "{accepted} of {trials} are accepted"
    );
}

fn fuzz_edge_list(name: &str, content: &[u8], seed: u64) {
    let mut rng = Xoshiro256PlusPlus::seed_from_u64(seed);
    let folder = tempfile::tempdir().unwrap();
    let mut graphs = 0;
    for trial in 0..TRIALS {
        let mutant = mutate(content, &mut rng);
        let header = [Header::Detect, Header::Present, Header::Absent][rng.random_range(0..3)];
        let options = EdgeListOptions {
            header,
            ..EdgeListOptions::default()
        };
        let result = parse_edge_list(&*mutant, name, options).map(|(graph, _)| graph);
        if is_graph(&result, &mutant) {
            graphs += 1;
            if trial % FILES_EVERY == 0 {
                round_trip(&result.unwrap(), &folder.path().join("again.csv"));
            }
        }
    }
    check_outcomes(graphs, TRIALS);
}

/// What was read can be written and read again.
fn round_trip(graph: &Graph, path: &Path) {
    write_edge_list(graph, path).unwrap();
    let header = Header::Present;
    let options = EdgeListOptions {
        header,
        ..EdgeListOptions::default()
    };
    assert_eq!(&read_edge_list(path, options).unwrap().0, graph);
}

#[test]
fn damaged_edge_lists_never_panic() {
    let weighted = b"child,parent,weight\ndog,mammal,1\ncat,mammal,0.5\n\"a, b\",mammal,2\nmammal,animal,1e-3\n";
    fuzz_edge_list("a.csv", weighted, 1);
    fuzz_edge_list(
        "a.tsv",
        "dog\tmammal\r\ncat\tmammal\r\nkälte\tanimal\r\n\r\n".as_bytes(),
        2,
    );
    fuzz_edge_list("a", b"1 2\n2 3\n3 4\n5 1\n6 1\n", 3);
    let snap = b"# Nodes: 4\n# FromNodeId ToNodeId\n1\t2\t\n2\t3\n3\t3\n4\t1\n2\t3\n";
    fuzz_edge_list("a.txt", snap, 6);
    fuzz_edge_list(
        "out.a",
        b"% asym positive\n% 4 4 4\n1 2 1 99\n2 3 1 98\n",
        7,
    );
    let market =
        b"%%MatrixMarket matrix coordinate real general\n%\n4 4 3\n1 2 0.5\n2 3 1\n4 4 2\n";
    fuzz_edge_list("a.mtx", market, 8);
    let networkx = b"a b {'weight': 2}\nb c {'weight': 0.5, 'x': (1, 2)}\nc d {'weight': 1}\n";
    fuzz_edge_list("a.edgelist", networkx, 9);
    fuzz_edge_list("a.csv", b",parent,child\n0,b,a\n1,c,b\n2,d,c\n", 10);
}

#[test]
fn damaged_gzip_never_panics() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.csv.gz");
    let edges = vec![(0, 1), (2, 1), (3, 1)];
    let graph = Graph::new(super::numbered_names(4), edges, None).unwrap();
    write_edge_list(&graph, &path).unwrap();
    let content = std::fs::read(&path).unwrap();
    let mut rng = Xoshiro256PlusPlus::seed_from_u64(4);
    for _ in 0..TRIALS {
        let mutant = mutate(&content, &mut rng);
        match parse_edge_list(mutant, &path, EdgeListOptions::default()) {
            Ok((again, _)) => assert_eq!(again, graph, "the checksum lets no other content pass"),
            Err(Error::Data { .. }) => {}
            Err(other) => panic!("{other:?}"),
        }
    }
}

#[test]
fn damaged_wordnet_files_never_panic() {
    let mut rng = Xoshiro256PlusPlus::seed_from_u64(5);
    let (data, index) = (wordnet::DATA.as_bytes(), wordnet::INDEX.as_bytes());
    let folder = wordnet::folder(data, index);
    let (mut graphs, trials) = (0, TRIALS / 10);
    for trial in 0..trials {
        let of_data = trial % 2 == 0;
        let (name, content) = if of_data {
            ("data.noun", data)
        } else {
            ("index.noun", index)
        };
        let mutant = mutate(content, &mut rng);
        std::fs::write(folder.path().join(name), &mutant).unwrap();
        // A word that a damaged index lacks is an error on a line of the data.
        let longest = if of_data {
            &mutant
        } else {
            &[&mutant[..], data].concat()
        };
        graphs += usize::from(is_graph(&read_wordnet_nouns(folder.path()), longest));
        std::fs::write(folder.path().join(name), content).unwrap();
    }
    check_outcomes(graphs, trials);
}
