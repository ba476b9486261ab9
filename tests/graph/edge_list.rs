//! Edge lists: what is read, how it is laid out, and what is refused.

use std::io::Write;
use std::path::Path;

use flate2::Compression;
use flate2::write::GzEncoder;
use holonomy::Error;
use holonomy::graph::{
    EdgeListOptions, EdgeListReport, Graph, Header, parse_edge_list, read_edge_list,
    write_edge_list,
};

use super::{TestFile, named_edges, numbered_names};

const DETECT: EdgeListOptions = EdgeListOptions {
    delimiter: None,
    header: Header::Detect,
    strict: false,
};

fn with_header(header: Header) -> EdgeListOptions {
    EdgeListOptions { header, ..DETECT }
}

fn gzip(content: &[u8]) -> Vec<u8> {
    let mut packer = GzEncoder::new(Vec::new(), Compression::fast());
    packer.write_all(content).unwrap();
    packer.finish().unwrap()
}

fn read_with(
    name: &str,
    content: impl AsRef<[u8]>,
    options: EdgeListOptions,
) -> holonomy::Result<(Graph, EdgeListReport)> {
    parse_edge_list(content.as_ref(), name, options)
}

fn read(name: &str, content: impl AsRef<[u8]>) -> (Graph, EdgeListReport) {
    read_with(name, content, DETECT).unwrap()
}

/// The line, what was expected and what came, after a check that the file is named.
fn rejection(name: &str, content: impl AsRef<[u8]>) -> (usize, String, String) {
    match read_with(name, content, DETECT) {
        Err(Error::Parse {
            path,
            line,
            expected,
            got,
        }) => {
            assert_eq!(path, Path::new(name));
            (line, expected, got)
        }
        other => panic!("{other:?}"),
    }
}

fn unusable(name: &str, content: impl AsRef<[u8]>) -> String {
    match read_with(name, content, DETECT) {
        Err(Error::Data { path, reason }) => {
            assert_eq!(path, Path::new(name));
            reason
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn every_layout_gives_the_same_graph() {
    let layouts = [
        ("a.csv", "dog,mammal\nmammal,animal\n"),
        ("a.tsv", "dog\tmammal\nmammal\tanimal\n"),
        ("a.tab", "dog\tmammal\nmammal\tanimal"),
        ("a.txt", "dog mammal\nmammal animal\n"),
        ("edges", "dog;mammal\nmammal;animal\n"),
        ("edges", "\n\ndog\tmammal\nmammal\tanimal\n"),
        ("A.CSV", "dog , mammal\r\n\r\nmammal,animal\r\n"),
        ("a.csv", "\u{feff}child,parent\ndog,mammal\nmammal,animal\n"),
        ("a.csv", "\"dog\",\"mammal\"\n\"mammal\",animal\n"),
    ];
    for (name, content) in layouts {
        let (graph, report) = read(name, content);
        assert_eq!(
            graph.names(),
            ["dog", "mammal", "animal"],
            "{name}: {content:?}"
        );
        assert_eq!(graph.edges(), [(0, 1), (1, 2)], "{name}: {content:?}");
        assert_eq!(
            (graph.weights(), report.rows),
            (None, 2),
            "{name}: {content:?}"
        );
    }
}

#[test]
fn names_may_hold_delimiters_in_quotes_and_any_script() {
    let (graph, _) = read(
        "a.csv",
        "\"Paris, France\",\"a \"\"big\"\" city\"\nÅrhus,都市\n",
    );
    assert_eq!(
        graph.names(),
        ["Paris, France", "a \"big\" city", "Århus", "都市"]
    );
}

#[test]
fn the_name_decides_the_delimiter_unless_the_options_do() {
    let (graph, report) = read("a.tsv", "a,b\tc\n");
    assert_eq!(
        (graph.names()[0].as_str(), report.delimiter),
        ("a,b", b'\t')
    );
    let options = EdgeListOptions {
        delimiter: Some(b'|'),
        ..DETECT
    };
    let (graph, report) = read_with("a.tsv", "a,b|c\n", options).unwrap();
    assert_eq!((graph.names()[0].as_str(), report.delimiter), ("a,b", b'|'));
    for delimiter in [b'"', b'\n', b'x', 0xff] {
        let options = EdgeListOptions {
            delimiter: Some(delimiter),
            ..DETECT
        };
        let error = read_with("a.tsv", "a\tb\n", options).unwrap_err();
        assert!(matches!(error, Error::InvalidArgument { .. }), "{error}");
    }
}

#[test]
fn headers_are_told_from_edges() {
    let headers = [
        ("child,parent\na,b\n", true),
        ("Source,Target,Weight\na,b,1\n", true),
        ("x,y,strength\na,b,1\n", true),
        ("page_a,page_b\n1,2\n2,3\n", true),
        ("a,b\nb,c\n", false),
        ("a,b,1\nb,c,2\n", false),
        ("1,2\n2,3\n", false),
        ("1,2\n3,4\n", false),
        ("a,1\n2,3\n", false),
        ("1,a\n2,3\n", false),
        ("child,parent\nparent,ancestor\n", false),
        ("a,b\n1,b\n", false),
    ];
    for (content, expected) in headers {
        let (graph, report) = read("a.csv", content);
        assert_eq!(report.header.is_some(), expected, "{content:?}");
        let rows = content.lines().count() - usize::from(expected);
        assert_eq!(
            (graph.edge_count(), report.rows),
            (rows, rows),
            "{content:?}"
        );
    }
    let (_, report) = read("a.csv", "Source,Target,Weight\na,b,1\n");
    assert_eq!(report.header.unwrap(), ["Source", "Target", "Weight"]);
}

#[test]
fn options_overrule_the_detection_of_headers() {
    let (graph, report) = read_with("a.csv", "a,b\nb,c\n", with_header(Header::Present)).unwrap();
    assert_eq!(named_edges(&graph), [("b", "c")]);
    assert_eq!(report.header.unwrap(), ["a", "b"]);
    let (graph, report) =
        read_with("a.csv", "child,parent\na,b\n", with_header(Header::Absent)).unwrap();
    assert_eq!(named_edges(&graph), [("child", "parent"), ("a", "b")]);
    assert_eq!(report.header, None);
}

#[test]
fn weights_are_read_as_written() {
    let (graph, _) = read("a.csv", "a,b,0.1\nb,c,0\nc,d,1e-300\nd,e, 17 \n");
    assert_eq!(graph.weights(), Some([0.1, 0.0, 1e-300, 17.0].as_slice()));
}

#[test]
fn duplicates_are_counted_and_the_first_counts() {
    let (graph, report) = read("a.csv", "a,b,1\nb,a,2\n\na,b,1\na,b,3\nb,a,2\n");
    assert_eq!(named_edges(&graph), [("a", "b"), ("b", "a")]);
    assert_eq!(graph.weights(), Some([1.0, 2.0].as_slice()));
    assert_eq!((report.rows, report.duplicate_edges), (5, 3));
    assert_eq!(
        (report.first_duplicate_line, report.conflicting_weights),
        (Some(4), 1)
    );
    assert_eq!(
        report.to_string(),
        "5 rows between commas, no header, 3 duplicate edges left out (the first on line 4), 1 of them with \
         another weight"
    );
}

#[test]
fn wrong_column_counts_name_the_line() {
    let two_or_three = "2 or 3 columns (child, parent, weight)";
    for (content, line, expected, got) in [
        ("a\n", 1, two_or_three, "1 between commas"),
        ("a,b,1,2\n", 1, two_or_three, "4 between commas"),
        ("\n\na,b,1,2\n", 3, two_or_three, "4 between commas"),
        (
            "a,b\nb,c\nc\n",
            3,
            "2 columns as on line 1",
            "1 between commas",
        ),
        ("\u{feff}\n\na\n", 3, two_or_three, "1 between commas"),
        (
            "\na,b\n\r\n\nb,c,1\n",
            5,
            "2 columns as on line 2",
            "3 between commas",
        ),
        (
            "child,parent,weight\na,b\n",
            2,
            "3 columns as on line 1",
            "2 between commas",
        ),
        (
            "\"a\nb\",c\nd\n",
            3,
            "2 columns as on line 1",
            "1 between commas",
        ),
    ] {
        let options = with_header(Header::Present);
        if content.starts_with('"') {
            // The name that runs over two lines is refused as an edge, but passes in a header.
            let error = read_with("a.csv", content, options).unwrap_err();
            assert!(
                error
                    .to_string()
                    .ends_with("a.csv:3: expected 2 columns as on line 1, got 1 between commas")
            );
            continue;
        }
        let found = rejection("a.csv", content);
        assert_eq!(
            found,
            (line, expected.to_owned(), got.to_owned()),
            "{content:?}"
        );
    }
}

#[test]
fn wrong_weights_name_the_line() {
    for weight in [
        "NaN", "nan", "-1", "-1e-9", "inf", "-inf", "infinity", "1e999", "heavy", "1,5,2", "",
    ] {
        let found = rejection("a.tsv", format!("a\tb\t1\n\nb\tc\t{weight}\n"));
        let expected = (3, "a finite weight ≥ 0".to_owned(), format!("{weight:?}"));
        assert_eq!(found, expected);
    }
}

#[test]
fn a_wrong_weight_in_the_first_row_is_no_header() {
    for (content, got) in [
        ("a,b,NaN\nc,d,1\n", "\"NaN\""),
        ("a,b,inf\nc,d,1\n", "\"inf\""),
        ("a,b,-1\nc,d,1\n", "\"-1\""),
        ("a,b,1.5x\nc,d,1\n", "\"1.5x\""),
        ("a,b,heavy\nb,c,1\n", "\"heavy\""),
        ("a,b,heavy\n", "\"heavy\""),
    ] {
        let (line, _, found) = rejection("a.csv", content);
        assert_eq!((line, found.as_str()), (1, got), "{content:?}");
    }
}

#[test]
fn wrong_names_name_the_line() {
    for content in ["a,b\n,c\n", "a,b\nc,\n", "a,b\nc,  \n", "a,b\nc,\"\"\n"] {
        let (line, expected, _) = rejection("a.csv", content);
        assert_eq!(
            (line, expected.as_str()),
            (2, "a name in both columns"),
            "{content:?}"
        );
    }
    let (line, expected, got) = rejection("a.csv", "a,b\nc,\"d\ne,f\ng,h\n");
    assert!((line, got.as_str()) == (2, "\"d\\ne,f\\ng,h\"") && expected.contains("quotation"));
    assert_eq!(rejection("a.csv", "a,b\nc\0d,e\n").0, 2);
}

#[test]
fn long_input_is_cut_in_messages() {
    let long = "ü".repeat(500);
    let (_, _, got) = rejection("a.csv", format!("a,b,1\n{long},b,{long}\n"));
    assert_eq!(got, format!("{:?}…", "ü".repeat(60)));
}

#[test]
fn text_that_is_not_utf8_names_the_line() {
    let (line, expected, got) = rejection("a.csv", b"a,b\n\nb,caf\xe9\n");
    assert_eq!(
        (line, expected.as_str(), got.as_str()),
        (
            3,
            "UTF-8 text",
            "byte 0xe9 (if the file is in Latin-1, iconv -f LATIN1 -t UTF-8 converts it)"
        )
    );
    // What spreadsheets call "Unicode text" is UTF-16.
    assert_eq!(rejection("a.txt", b"\xff\xfea\0\t\0b\0\n\0").0, 1);
}

#[test]
fn files_without_edges_are_refused() {
    for content in ["", "\n\r\n\n", "\u{feff}"] {
        assert_eq!(
            unusable("a.csv", content),
            "expected edges, found an empty file"
        );
    }
    assert_eq!(
        unusable("a.csv", "child,parent\n"),
        "expected edges, found only a header"
    );
}

#[test]
fn a_missing_file_and_a_folder_are_named() {
    let file = TestFile::new("a.csv", "");
    for path in [
        file.folder.path().join("none.csv"),
        file.folder.path().to_owned(),
    ] {
        let error = read_edge_list(&path, DETECT).unwrap_err();
        assert!(matches!(&error, Error::Io { action: "read", path: named, .. } if *named == path));
    }
}

#[test]
fn gzip_is_read_like_plain_text_and_keeps_lines() {
    let good = gzip(b"child,parent\na,b\n");
    for name in ["a.csv.gz", "a.gz", "a.csv", "A.CSV.GZ"] {
        assert_eq!(named_edges(&read(name, &good).0), [("a", "b")], "{name}");
    }
    // Gzip files may be written one after the other.
    let both = [gzip(b"a\tb\n"), gzip(b"c\td\n")].concat();
    assert_eq!(read("a.tsv.gz", both).0.edge_count(), 2);
    assert_eq!(rejection("a.tsv.gz", gzip(b"a\tb\n\nc\td\te\n")).0, 3);
    assert_eq!(rejection("a.tsv.gz", gzip(b"a\tb\n\nc\t\xe9\n")).0, 3);
    assert_eq!(
        unusable("a.tsv.gz", gzip(b"")),
        "expected edges, found an empty file"
    );
}

#[test]
fn damaged_gzip_is_refused() {
    let good = gzip(b"a\tb\nc\td\n");
    assert!(unusable("a.tsv.gz", &good[..good.len() - 5]).starts_with("damaged gzip data: "));
    let mut wrong_sum = good;
    let sum = wrong_sum.len() - 8;
    wrong_sum[sum] ^= 1;
    assert!(unusable("a.tsv.gz", wrong_sum).starts_with("damaged gzip data: "));
    let reason = unusable("a.tsv.gz", "a\tb\n");
    assert_eq!(reason, "the name ends in .gz, but this is no gzip file");
}

#[test]
fn what_is_written_reads_back_the_same() {
    let names = ["plain", "com,ma", "quo\"te", "-1", "ünïcode"]
        .map(String::from)
        .to_vec();
    let edges = vec![(0, 1), (2, 1), (2, 3), (4, 0)];
    let weights = vec![0.1, 1e-300, 0.0, 12_345.678_9];
    for weights in [None, Some(weights)] {
        let graph = Graph::new(names.clone(), edges.clone(), weights).unwrap();
        for name in ["a.csv", "a.tsv", "a.csv.gz", "a.tsv.gz", "a.txt"] {
            let file = TestFile::new(name, "what stood here before");
            write_edge_list(&graph, &file.path).unwrap();
            let (again, report) = read_edge_list(&file.path, DETECT).unwrap();
            assert_eq!(again, graph, "{name}");
            let comma = name.starts_with("a.csv");
            assert_eq!(report.delimiter, if comma { b',' } else { b'\t' }, "{name}");
            assert_eq!(report.header.unwrap()[..2], ["child", "parent"]);
            let left = std::fs::read_dir(file.folder.path()).unwrap().count();
            assert_eq!(left, 1, "temporary files stay behind");
        }
    }
}

#[test]
fn graphs_that_an_edge_list_cannot_hold_are_not_written() {
    for (last_name, edges) in [
        ("alone", vec![(0, 1)]),
        ("two\nlines", vec![(0, 2), (1, 2)]),
        (" c", vec![(0, 2), (1, 2)]),
    ] {
        let mut names = numbered_names(2);
        names.push(last_name.to_owned());
        let graph = Graph::new(names, edges, None).unwrap();
        let file = TestFile::new("a.csv", "before");
        let error = write_edge_list(&graph, &file.path).unwrap_err();
        assert!(
            error.to_string().contains(&format!("{last_name:?}")),
            "{error}"
        );
        assert_eq!(std::fs::read_to_string(&file.path).unwrap(), "before");
    }
    let graph = Graph::new(numbered_names(2), vec![(0, 1)], None).unwrap();
    let missing = TestFile::new("a.csv", "").folder.path().join("none/a.csv");
    let error = write_edge_list(&graph, missing).unwrap_err();
    assert!(matches!(error, Error::Io { .. }), "{error}");
}

#[test]
fn comments_are_told_from_names() {
    let comments = |content: &str| {
        let (graph, report) = read("a.txt", content);
        (graph.edge_count(), report.comment_lines)
    };
    assert_eq!(comments("# a b c\n1 2\n# d\n2 3\n"), (2, 2));
    assert_eq!(comments("#a\tb\n1\t2\n2\t3\n"), (2, 1));
    assert_eq!(comments("1 2\n# d\n2 3\n"), (2, 1));
    // Names that start so.
    assert_eq!(comments("#love\t#peace\n#peace\tword\n"), (2, 0));
    assert_eq!(comments("word\t#peace\n#love\tword\n"), (2, 0));
    assert_eq!(comments("#a\tb\n#b\tc\nc\td\n"), (3, 0));
    assert_eq!(comments("sign\tsymbol\n# sign\tsign\n"), (2, 0));
}

#[test]
fn a_first_row_that_may_be_either_leaves_a_doubt() {
    let doubt = |content: &str| read("a.csv", content).1.doubt;
    let rows = "dog,mammal\ncat,mammal\nmammal,animal\n";
    let guess = doubt(&format!("entity,group\n{rows}")).unwrap();
    assert!(
        guess.contains("line 1, [\"entity\", \"group\"], is taken for a header"),
        "{guess}"
    );
    let few = doubt("entity,group\ndog,mammal\ncat,mammal\n").unwrap();
    assert!(
        few.contains("is taken for an edge and may be a header"),
        "{few}"
    );
    let again = doubt(&format!("child,parent\n{rows}child,animal\n")).unwrap();
    assert!(again.contains("reads like a header"), "{again}");
    for sure in ["", "child,parent\n", "p,q\nr,s\n", "mammal,thing\n"] {
        assert_eq!(doubt(&format!("{sure}{rows}")), None, "{sure}");
    }
}

#[test]
fn the_report_tells_what_was_not_read() {
    let told = |name: &str, content: &str| read(name, content).1.to_string();
    assert_eq!(
        told("a.csv", "parent,name,child,time\n2,x,1,9\n3,y,2,9\n"),
        "2 rows between commas, header [\"parent\", \"name\", \"child\", \"time\"], child in column 3, parent in \
         column 1, not read: \"name\", \"time\""
    );
    assert_eq!(
        told(
            "out.a",
            "% sym positive\n1 2 1 1082008561\n2 2 1 1082040961\n"
        ),
        "1 rows between blanks, no header, not read: column 4, 1 comment lines, undirected as the file says, 1 self \
         loops left out (the first on line 3)"
    );
    assert_eq!(
        told("a.edgelist", "a b {'weight': 1, 'colour': 'red'}\n"),
        "1 rows between blanks, no header, not read: \"colour\""
    );
    let market = "%%MatrixMarket matrix coordinate integer symmetric\n4 4 2\n1 2 3\n3 3 1\n";
    assert_eq!(
        told("a.mtx", market),
        "1 rows between blanks, no header, 1 comment lines, undirected as the file says, 1 self loops left out (the \
         first on line 4), 2 nodes without edges left out"
    );
    let (graph, _) = read("a.mtx", market);
    assert_eq!(graph.weights(), Some(&[3.0][..]));
}

#[test]
fn files_in_other_formats_and_what_breaks_a_format_are_told() {
    for (content, part) in [
        ("<?xml version=\"1.0\"?>\n<graphml>\n", "GraphML"),
        ("graph [\n  node [\n    id 0\n  ]\n]\n", "GML"),
        ("*Vertices 3\n1 \"a\"\n*Arcs\n1 2\n", "Pajek"),
        ("digraph {\n a -> b\n}\n", "Graphviz"),
        ("{\"directed\": false, \"nodes\": [1, 2]}\n", "JSON"),
        ("(dog:1,(cat:1,lion:1):2);\n", "Newick"),
    ] {
        assert!(unusable("a.txt", content).contains(part), "{content:?}");
    }
    let market = |rest: &str| format!("%%MatrixMarket matrix coordinate {rest}");
    for (content, line, part) in [
        ("% bip unweighted\n1 1\n".to_owned(), 1, "one set of nodes"),
        (
            "%%MatrixMarket matrix array real general\n1 1\n0\n".to_owned(),
            1,
            "coordinate",
        ),
        (
            market("complex general\n2 2 1\n1 2 3 4\n"),
            1,
            "real, integer or pattern",
        ),
        (market("pattern general\n2 3 1\n1 2\n"), 2, "square matrix"),
        (market("pattern general\n2 2 1\n1 3\n"), 3, "from 1 to 2"),
        (market("pattern general\n2 2 1\n0 1\n"), 3, "from 1 to 2"),
        (market("real general\n2 2 1\n1 2\n"), 3, "3 columns"),
        (
            "a b {'weight': 2}\nb c {}\n".to_owned(),
            2,
            "a weight as on line 1",
        ),
        (
            "a b {}\nb c {'weight': 1}\n".to_owned(),
            2,
            "no weight as on line 1",
        ),
        ("a;b;0,5\nb;c;1,5\n".to_owned(), 1, "a finite weight"),
        (
            "parent,id,name,x\na,b,c,d\ne,f,g,h\n".to_owned(),
            1,
            "one of the parents",
        ),
    ] {
        let name = if content.contains(';') {
            "a.csv"
        } else {
            "a.txt"
        };
        let (found, expected, _) = rejection(name, &content);
        assert_eq!(found, line, "{content:?}");
        assert!(expected.contains(part), "{content:?}: {expected}");
    }
    let cut = unusable("a.mtx", market("pattern general\n2 2 3\n1 2\n2 1\n"));
    assert!(cut.contains("3 entries, and 2 follow"), "{cut}");
    assert_eq!(
        unusable("a.csv", "a,a\n"),
        "expected edges, found only self loops"
    );
}
