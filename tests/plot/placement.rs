//! Labels keep out of each other's way.

use rand::RngExt;
use rand::SeedableRng;
use rand_xoshiro::Xoshiro256PlusPlus;

use super::labels::{Ink, Rect, Tag, place};

const FRAME: Rect = Rect(6.0, 6.0, 794.0, 794.0);

fn tags(seed: u64, n: usize, spread: f64) -> Vec<Tag> {
    let mut rng = Xoshiro256PlusPlus::seed_from_u64(seed);
    (0..n)
        .map(|_| Tag {
            at: [
                400.0 + spread * (rng.random::<f64>() - 0.5),
                400.0 + spread * (rng.random::<f64>() - 0.5),
            ],
            dot: 4.0,
            size: [20.0 + 70.0 * rng.random::<f64>(), 16.0],
        })
        .collect()
}

fn assert_readable(tags: &[Tag], places: &[Rect], reserved: &[Rect]) {
    assert_eq!(tags.len(), places.len());
    for (i, place) in places.iter().enumerate() {
        assert!(place.inside(FRAME), "{place:?} leaves the picture");
        assert!((place.2 - place.0 - tags[i].size[0]).abs() < 1e-9);
        assert!(!reserved.iter().any(|r| r.overlaps(*place)));
        for (j, other) in places.iter().enumerate() {
            assert!(i == j || !place.overlaps(*other), "{i} and {j} overlap");
        }
        for tag in tags {
            let [x, y] = tag.at;
            assert!(!place.overlaps(Rect(x - 4.0, y - 4.0, x + 4.0, y + 4.0)));
        }
    }
}

#[test]
fn labels_never_overlap_however_near_their_points() {
    for (seed, spread) in [(1, 700.0), (2, 300.0), (3, 120.0)] {
        let tags = tags(seed, 40, spread);
        let reserved = [Rect(0.0, 0.0, 800.0, 60.0), Rect(0.0, 650.0, 150.0, 800.0)];
        let places = place(&tags, FRAME, &reserved, &Ink::new(800.0, 800.0)).unwrap();
        assert_readable(&tags, &places, &reserved);
    }
}

#[test]
fn a_lonely_label_stands_right_beside_its_dot() {
    let tags = tags(4, 1, 0.0);
    let places = place(&tags, FRAME, &[], &Ink::new(800.0, 800.0)).unwrap();
    assert!(tags[0].leader(places[0]).is_none());
    assert!(places[0].0 > tags[0].at[0], "read to the right first");
}

#[test]
fn a_label_that_had_to_move_is_tied_to_its_dot() {
    let tags = tags(3, 30, 10.0);
    let places = place(&tags, FRAME, &[], &Ink::new(800.0, 800.0)).unwrap();
    assert_readable(&tags, &places, &[]);
    let tied = tags
        .iter()
        .zip(&places)
        .filter_map(|(tag, place)| tag.leader(*place));
    let tied: Vec<_> = tied.collect();
    assert!(tied.len() >= 15, "{} leaders", tied.len());
    for (from, to) in tied {
        assert!((from[0] - 400.0).hypot(from[1] - 400.0) < 15.0);
        assert!(places.iter().any(|p| p.nearest(to) == to));
    }
}

#[test]
fn labels_keep_off_ink() {
    let tags = tags(5, 1, 0.0);
    let mut ink = Ink::new(800.0, 800.0);
    for y in 0..100 {
        ink.add_line(
            &[[400.0, 8.0 * f64::from(y)], [800.0, 8.0 * f64::from(y)]],
            4.0,
        );
    }
    let places = place(&tags, FRAME, &[], &ink).unwrap();
    assert!(places[0].2 < 402.0, "{:?} stands on the lines", places[0]);
}

#[test]
fn without_room_the_label_is_named() {
    let frame = Rect(0.0, 0.0, 60.0, 20.0);
    let tag = |x: f64| Tag {
        at: [x, 10.0],
        dot: 2.0,
        size: [30.0, 16.0],
    };
    let tags = [tag(2.0), tag(58.0), tag(30.0)];
    assert_eq!(
        place(&tags[..1], frame, &[], &Ink::new(60.0, 20.0))
            .unwrap()
            .len(),
        1
    );
    assert!(place(&tags, frame, &[], &Ink::new(60.0, 20.0)).is_err());
}
