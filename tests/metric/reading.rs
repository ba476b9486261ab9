//! Distance matrices from files, and errors that say where.

use holonomy::Error;
use holonomy::metric::read_distances;
use rand::SeedableRng;
use rand_xoshiro::Xoshiro256PlusPlus;
use tch::{Kind, Tensor};

use crate::embed::numbers;
use crate::graph::fuzz::mutate;

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
        short.ends_with(":2: expected 3 columns as on line 1, got 2"),
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
    let mut swapped = with(b"<f8", b">f8");
    let data = swapped.len() - 32;
    swapped[data..]
        .chunks_exact_mut(8)
        .for_each(<[u8]>::reverse);
    assert_eq!(read("a.npy", swapped).unwrap().1, [0.0, 1.0, 2.0, 0.0]);
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

/// An array as numpy writes it.
fn array(description: &str, shape: &str, data: &[u8]) -> Vec<u8> {
    let header =
        format!("{{'descr': '{description}', 'fortran_order': False, 'shape': {shape}, }}\n");
    let length = u16::try_from(header.len()).unwrap().to_le_bytes();
    [b"\x93NUMPY\x01\x00", &length[..], header.as_bytes(), data].concat()
}

#[test]
fn arrays_of_all_kinds_of_numbers() {
    let square = "(2, 2)";
    // 0, 3, 3, 0 in each.
    for (description, zero, three) in [
        ("|u1", vec![0], vec![3]),
        ("|i1", vec![0], vec![3]),
        ("<u2", vec![0; 2], vec![3, 0]),
        (">u2", vec![0; 2], vec![0, 3]),
        (">i2", vec![0; 2], vec![0, 3]),
        ("<u4", vec![0; 4], vec![3, 0, 0, 0]),
        (">i4", vec![0; 4], vec![0, 0, 0, 3]),
        ("<u8", vec![0; 8], vec![3, 0, 0, 0, 0, 0, 0, 0]),
        (">u8", vec![0; 8], vec![0, 0, 0, 0, 0, 0, 0, 3]),
        ("<f2", vec![0; 2], vec![0x00, 0x42]),
        (">f2", vec![0; 2], vec![0x42, 0x00]),
        (">f4", vec![0; 4], 3.0_f32.to_be_bytes().to_vec()),
        (">f8", vec![0; 8], 3.0_f64.to_be_bytes().to_vec()),
    ] {
        let data = [&zero[..], &three, &three, &zero].concat();
        let (_, found) = read("a.npy", array(description, square, &data)).unwrap();
        assert_eq!(found, [0.0, 3.0, 3.0, 0.0], "{description}");
    }
    let negative = array("<i2", square, &[0, 0, 0xfe, 0xff, 0xfe, 0xff, 0, 0]);
    assert_eq!(read("a.npy", negative).unwrap().1, [0.0, -2.0, -2.0, 0.0]);
    let negative = array(">i2", square, &[0, 0, 0xff, 0xfe, 0xff, 0xfe, 0, 0]);
    assert_eq!(read("a.npy", negative).unwrap().1, [0.0, -2.0, -2.0, 0.0]);
    // The halves that are not 1.5 · 2 or 0: a small, the largest, infinity.
    let halves = array(
        "<f2",
        square,
        &[0x01, 0x00, 0xff, 0x7b, 0x00, 0x7c, 0x00, 0xbc],
    );
    let expected = [2.0_f64.powi(-24), 65504.0, f64::INFINITY, -1.0];
    assert_eq!(read("a.npy", halves).unwrap().1, expected);

    let large = |number: u64| array("<u8", "(1, 1)", &number.to_le_bytes());
    assert_eq!(read("a.npy", large(1 << 53)).unwrap().1, [2.0_f64.powi(53)]);
    assert!(message("a.npy", large((1 << 53) + 1)).contains("beyond 2⁵³"));
    assert!(message("a.npy", array("|b1", square, &[0; 4])).contains("true and false"));
    assert!(message("a.npy", array("|O", square, &[0; 32])).contains("objects of Python"));
    assert!(message("a.npy", array("<f16", square, &[0; 64])).contains("float64"));
    assert!(message("a.npz", "PK").contains("numpy.save"));
}

#[test]
fn the_condensed_form_of_scipy() {
    let pairs: Vec<u8> = [1.0_f64, 2.0, 3.0]
        .iter()
        .flat_map(|d| d.to_le_bytes())
        .collect();
    let (_, found) = read("a.npy", array("<f8", "(3,)", &pairs)).unwrap();
    assert_eq!(found, [0.0, 1.0, 2.0, 1.0, 0.0, 3.0, 2.0, 3.0, 0.0]);
    assert!(message("a.npy", array("<f8", "(2,)", &pairs[..16])).contains("[2]"));
    assert!(message("a.npy", array("<f8", "()", &pairs[..8])).contains("shape []"));
    assert!(message("a.txt", "1\n2\n3\n").contains("squareform"));
}

#[test]
fn names_and_headers_as_other_programs_write_them() {
    let numbers = vec![0.0, 1.5, 1.5, 0.0];
    let named = (Some(vec!["a".to_owned(), "b".to_owned()]), numbers.clone());
    for (name, content) in [
        (
            "lsmat.txt",
            "# made by hand\n\ta\tb\na\t0\t1.5\nb\t1.5\t0\n",
        ),
        ("r.csv", "\"\",\"a\",\"b\"\n\"a\",0,1.5\n\"b\",1.5,0\n"),
        ("r.txt", "\"a\" \"b\"\n\"a\" 0 1.5\n\"b\" 1.5 0\n"),
        ("bare.csv", "a,b\n0,1.5\n1.5,0\n"),
        ("rows.tsv", "a\t0\t1.5\t\nb\t1.5\t0\t\n"),
        ("phylip.dist", "    2\na      0.0  1.5\nb      1.5  0.0\n"),
    ] {
        assert_eq!(read(name, content).unwrap(), named, "{name}");
    }
    assert_eq!(
        read("pandas.csv", "0,1\n0.0,1.5\n1.5,0.0\n").unwrap(),
        (None, numbers)
    );
}

#[test]
fn damaged_matrices_never_panic() {
    let mut rng = Xoshiro256PlusPlus::seed_from_u64(11);
    let folder = tempfile::tempdir().unwrap();
    let pairs: Vec<u8> = [0.0_f32, 2.0, 2.0, 0.0]
        .iter()
        .flat_map(|d| d.to_le_bytes())
        .collect();
    let whole = array("<f4", "(2, 2)", &pairs);
    let named = b",a,b,c\na,0,1,2\nb,1,0,1e-3\nc,2,1e-3,0\n";
    let plain = b"0 1 2\n1 0 3\n2 3 0\n";
    for (name, content) in [("a.npy", &whole[..]), ("a.csv", named), ("a.txt", plain)] {
        let (mut accepted, trials, path) = (0, 1000, folder.path().join(name));
        for _ in 0..trials {
            let mutant = mutate(content, &mut rng);
            std::fs::write(&path, &mutant).unwrap();
            match read_distances(&path) {
                Ok(found) => {
                    let size = found.distances.size();
                    assert_eq!(size[0], size[1]);
                    assert!(
                        found
                            .names
                            .is_none_or(|names| names.len() as i64 == size[0])
                    );
                    accepted += 1;
                }
                Err(Error::Parse { line, .. }) => {
                    let lines = mutant.split(|&byte| byte == b'\n').count();
                    assert!((1..=lines).contains(&line), "line {line} of {lines}");
                }
                Err(Error::Data { .. }) => {}
                Err(other) => panic!("{other:?}"),
            }
        }
        assert!((1..trials).contains(&accepted), "{accepted} of {trials}");
    }
}
