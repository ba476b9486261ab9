//! Distance matrices from files, and errors that say where.

use holonomy::embed::read_distances;
use tch::{Kind, Tensor};

use super::numbers;

fn read(name: &str, content: impl AsRef<[u8]>) -> Result<(Option<Vec<String>>, Vec<f64>), String> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join(name);
    std::fs::write(&path, content).unwrap();
    match read_distances(&path) {
        Ok(found) => Ok((found.names, numbers(&found.distances))),
        Err(error) => Err(error.to_string()),
    }
}

fn message(name: &str, content: impl AsRef<[u8]>) -> String {
    read(name, content).unwrap_err()
}

#[test]
fn text_with_and_without_names() {
    let plain = (None, vec![0.0, 1.5, 1.5, 0.0]);
    assert_eq!(read("a.csv", "0,1.5\n1.5,0\n").unwrap(), plain);
    assert_eq!(read("a.tsv", "0\t1.5\n1.5\t0").unwrap(), plain);
    assert_eq!(
        read("A.CSV", "\u{feff}0, 1.5\r\n\r\n1.5, 0\r\n").unwrap(),
        plain
    );
    let names = Some(vec!["left".to_owned(), "1".to_owned()]);
    let named = read("a.csv", "points,left,1\nleft,0,inf\n1,inf,0\n").unwrap();
    assert_eq!(named, (names, vec![0.0, f64::INFINITY, f64::INFINITY, 0.0]));
}

#[test]
fn text_that_is_no_matrix() {
    assert!(
        message("a.csv", "0,1\n1,zero")
            .ends_with(":2: expected a number in column 2, got \"zero\"")
    );
    // A gap in the first row does not make it a header.
    let gap = message("a.csv", "0,NA,3\nNA,0,2\n3,2,0\n");
    assert!(
        gap.ends_with(":1: expected a number in column 2, got \"NA\""),
        "{gap}"
    );
    let short = message("a.csv", "0,1,2\n1,0\n2,1,0");
    assert!(
        short.ends_with(":2: expected 3 columns as in the first row, got 2"),
        "{short}"
    );
    let name = message("a.csv", "x,a,b\na,0,1\nc,1,0");
    assert!(
        name.ends_with(":3: expected the name \"b\", as in the header, got \"c\""),
        "{name}"
    );
    assert!(message("a.csv", "0,1\n").contains("1 rows of 2 numbers"));
    assert!(message("a.csv", "").contains("square"));
    assert!(message("a.csv", "x,a\n").contains("0 rows of 1"));
    assert!(message("a.json", "[]").contains(".npy"));
    assert!(
        read_distances("/no/such/file.csv")
            .unwrap_err()
            .to_string()
            .contains("cannot read")
    );
    assert!(
        read_distances("/no/such/file.npy")
            .unwrap_err()
            .to_string()
            .contains("cannot read")
    );
}

#[test]
fn arrays_of_numpy() {
    let folder = tempfile::tempdir().unwrap();
    let matrix = Tensor::from_slice(&[0.0, 2.0, 2.0, 0.0]).view([2, 2]);
    for kind in [Kind::Double, Kind::Float, Kind::Int64] {
        let path = folder.path().join(format!("{kind:?}.npy"));
        matrix.to_kind(kind).write_npy(&path).unwrap();
        let found = read_distances(&path).unwrap();
        assert_eq!(found.distances.kind(), Kind::Double);
        assert_eq!(numbers(&found.distances), [0.0, 2.0, 2.0, 0.0]);
    }
    let wide = folder.path().join("wide.npy");
    matrix.narrow(0, 0, 1).write_npy(&wide).unwrap();
    assert!(
        read_distances(&wide)
            .unwrap_err()
            .to_string()
            .contains("[1, 2]")
    );

    let asymmetric = Tensor::from_slice(&[0.0, 1.0, 2.0, 0.0]).view([2, 2]);
    let path = folder.path().join("asymmetric.npy");
    asymmetric.write_npy(&path).unwrap();
    let bytes = std::fs::read(&path).unwrap();
    assert_eq!(read("a.npy", &bytes).unwrap().1, [0.0, 1.0, 2.0, 0.0]);
    let with = |old: &[u8], new: &[u8]| {
        let at = bytes.windows(old.len()).position(|w| w == old).unwrap();
        [&bytes[..at], new, &bytes[at + old.len()..]].concat()
    };
    let fortran = read("a.npy", with(b"False", b"True ")).unwrap();
    assert_eq!(fortran.1, [0.0, 2.0, 1.0, 0.0]);
    assert!(message("a.npy", with(b"<f8", b">f8")).contains(">f8"));
    assert!(message("a.npy", with(b"<f8", b"<c8")).contains("<c8"));
    assert!(message("a.npy", with(b"(2,2,)", b"(2000)")).contains("[2000]"));
    // Sizes that the data does not have, in either direction, and one beyond all numbers.
    assert!(message("a.npy", with(b"(2,2,)", b"(9,9,)")).contains("32 bytes"));
    assert!(message("a.npy", &bytes[..bytes.len() - 3]).contains("29 bytes"));
    assert!(message("a.npy", [&bytes[..], b"x"].concat()).contains("33 bytes"));
    let huge = with(b"(2,2,)", b"(9999999999,9999999999)");
    assert!(read("a.npy", huge).is_err());
    for length in 0..20 {
        assert!(message("a.npy", &bytes[..length]).contains("cut off"));
    }
}
