//! Damaged files: whatever stands in them, the readers return, and what they accept is an embedding.

use std::fs;
use std::path::Path;

use holonomy::Error;
use holonomy::embed::{Format, Model, NamedEmbedding};
use rand::SeedableRng;
use rand_xoshiro::Xoshiro256PlusPlus;

use super::exchange::assert_same;
use crate::graph::fuzz::{check_outcomes, mutate};

const TRIALS: usize = 2_000;
/// Written files wait for the disk.
const WRITE_EVERY: usize = 50;

/// The embedding that came back, after a check that an error is one that readers may give.
fn accepted(
    result: holonomy::Result<NamedEmbedding>,
    contents: &[&[u8]],
) -> Option<NamedEmbedding> {
    match result {
        Ok(embedding) => {
            let names = embedding.names().to_vec();
            let again = NamedEmbedding::new(embedding.model(), names, embedding.points());
            assert_same(&again.unwrap(), &embedding);
            Some(embedding)
        }
        Err(Error::Parse { line, .. }) => {
            let lines = |content: &&[u8]| content.split(|&byte| byte == b'\n').count();
            let most = contents.iter().map(lines).max().unwrap();
            assert!((1..=most).contains(&line), "line {line} of {most}");
            None
        }
        Err(Error::Data { .. }) => None,
        Err(other) => panic!("{other:?}"),
    }
}

/// What was read can be written in every format and read again.
fn round_trip(embedding: &NamedEmbedding, folder: &Path) {
    for format in Format::ALL {
        let path = folder.join(format!("again-{format}"));
        embedding.write_as(&path, format).unwrap();
        let again = NamedEmbedding::read_as(&path, format, Some(embedding.model())).unwrap();
        assert_same(&again, embedding);
    }
}

fn fuzz(format: Format, content: &[u8], model: Model, seed: u64) {
    let mut rng = Xoshiro256PlusPlus::seed_from_u64(seed);
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("damaged");
    let mut count = 0;
    for trial in 0..TRIALS {
        let mutant = mutate(content, &mut rng);
        fs::write(&path, &mutant).unwrap();
        let result = NamedEmbedding::read_as(&path, format, Some(model));
        if let Some(embedding) = accepted(result, &[&mutant]) {
            count += 1;
            if trial % WRITE_EVERY == 0 {
                round_trip(&embedding, folder.path());
            }
        }
    }
    check_outcomes(count, TRIALS);
}

#[test]
fn damaged_tables_never_panic() {
    let table = "name\tx0\tx1\ndog\t0.25\t-1e-3\nsea lion\t0\t0.5\nKälte\t-0.0\t0.125\n";
    fuzz(Format::Tsv, table.as_bytes(), Model::Ball, 1);
    // Long names, for a point that is changed is none.
    let hyperboloid =
        b"name\tt\tx\nOrnithorhynchus anatinus\t1\t0\r\nTachyglossus aculeatus\t1.25\t-0.75\r\n";
    fuzz(Format::Tsv, hyperboloid, Model::Lorentz, 2);
}

#[test]
fn damaged_word2vec_files_never_panic() {
    let text = "3 2\ndog 0.25 -1e-3\nsea%20lion 0 0.5\nKälte 100% -0.0 0.125\n";
    fuzz(Format::Word2vec, text.as_bytes(), Model::Ball, 3);
    fuzz(
        Format::Word2vec,
        b"2 1\na 1 \nb 2.5 \n",
        Model::Euclidean,
        4,
    );
}

#[test]
fn damaged_projector_folders_never_panic() {
    let mut rng = Xoshiro256PlusPlus::seed_from_u64(5);
    let folder = tempfile::tempdir().unwrap();
    let again = tempfile::tempdir().unwrap();
    let contents: [(&str, &[u8]); 2] = [
        ("vectors.tsv", b"0.25\t-1e-3\n0\t0.5\n-0.0\t0.125\n"),
        ("metadata.tsv", "dog\nsea lion\nKälte\n".as_bytes()),
    ];
    for (file, content) in contents {
        fs::write(folder.path().join(file), content).unwrap();
    }
    let mut count = 0;
    for trial in 0..TRIALS {
        let (file, content) = contents[trial % 2];
        let mutant = mutate(content, &mut rng);
        fs::write(folder.path().join(file), &mutant).unwrap();
        let read = NamedEmbedding::read(folder.path(), Some(Model::Ball));
        let other = contents[1 - trial % 2].1;
        if let Some(embedding) = accepted(read, &[&mutant, other]) {
            count += 1;
            if trial % WRITE_EVERY < 2 {
                round_trip(&embedding, again.path());
            }
        }
        fs::write(folder.path().join(file), content).unwrap();
    }
    check_outcomes(count, TRIALS);
}

/// The digest lets no damage pass in the crate's own files; those of others have none.
#[test]
fn damaged_safetensors_never_panic() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.safetensors");
    let names = vec!["dog".to_owned(), "sea lion".to_owned()];
    let points = tch::Tensor::from_slice(&[0.25, -1e-3, 0.0, 0.5]).view([2, 2]);
    let original = NamedEmbedding::new(Model::Ball, names, &points).unwrap();
    original.write(&path).unwrap();
    let own = fs::read(&path).unwrap();
    let header = br#"{"__metadata__":{"model":"ball","names":"[\"dog\",\"sea lion\"]"},"embedding":{"dtype":"F64","shape":[2,2],"data_offsets":[0,32]}}"#;
    let mut foreign = (header.len() as u64).to_le_bytes().to_vec();
    foreign.extend(header);
    foreign.extend(&own[own.len() - 32..]);
    fs::write(&path, &foreign).unwrap();
    assert_same(&NamedEmbedding::read(&path, None).unwrap(), &original);

    let mut rng = Xoshiro256PlusPlus::seed_from_u64(6);
    let mut count = 0;
    for trial in 0..2 * TRIALS {
        let content = if trial % 2 == 0 { &own } else { &foreign };
        let mut mutant = mutate(content, &mut rng);
        if trial % 4 == 3 {
            // Other numbers in a file that is otherwise whole.
            mutant = content.clone();
            let byte = content.len() - 1 - trial / 4 % 32;
            mutant[byte] ^= 1 << (trial % 8);
        }
        fs::write(&path, &mutant).unwrap();
        match NamedEmbedding::read(&path, Some(Model::Ball)) {
            Ok(embedding) if trial % 2 == 0 => assert_same(&embedding, &original),
            Ok(_) => count += 1,
            Err(Error::Data { .. } | Error::InvalidArgument { .. }) => {}
            Err(other) => panic!("{other:?}"),
        }
    }
    check_outcomes(count, 2 * TRIALS);
}
