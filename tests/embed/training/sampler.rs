//! Who is drawn as a negative, and how often.

use holonomy::embed::{NegativeLaw, NegativeSampler};

use crate::embed::{seeded, tree_closure};

#[test]
fn negatives_are_distinct_strangers() {
    let pairs = tree_closure(40, 3);
    let sampler = NegativeSampler::new(40, &pairs).unwrap();
    let mut rng = seeded(1);
    for law in [NegativeLaw::Uniform, NegativeLaw::ByDegree] {
        for source in 0..40 {
            let mut negatives = sampler.draw(law, source, 20, &mut rng);
            assert!(negatives.iter().all(|&node| node != source));
            assert!(
                negatives
                    .iter()
                    .all(|&node| !pairs.contains(&(source, node)))
            );
            assert!(negatives.len() >= 15, "{}", negatives.len());
            let drawn = negatives.len();
            negatives.sort_unstable();
            negatives.dedup();
            assert_eq!(negatives.len(), drawn);
        }
    }
}

#[test]
fn many_sources_get_what_each_gets() {
    let sampler = NegativeSampler::new(40, &tree_closure(40, 3)).unwrap();
    let sources = [0, 39, 7, 7];
    for law in [NegativeLaw::Uniform, NegativeLaw::ByDegree] {
        let mut rng = seeded(2);
        let one_by_one = sources.map(|source| sampler.draw(law, source, 10, &mut rng));
        let each = sampler.draw_each(law, &sources, 10, &mut seeded(2));
        assert_eq!(each, one_by_one);
    }
}

#[test]
fn a_neighbour_of_all_gets_no_negatives() {
    let sampler = NegativeSampler::new(3, &[(0, 1), (0, 2)]).unwrap();
    assert!(
        sampler
            .draw(NegativeLaw::Uniform, 0, 5, &mut seeded(1))
            .is_empty()
    );
}

#[test]
fn frequencies_follow_the_law() {
    // In-degrees 0, 0, 15, 80 and no true neighbours for the source.
    let mut pairs = vec![];
    for source in 4..84 {
        pairs.push((source, 3));
        if source < 19 {
            pairs.push((source, 2));
        }
    }
    let sampler = NegativeSampler::new(84, &pairs).unwrap();
    let weights: Vec<f64> = (0..84)
        .map(|node| match node {
            2 => 16.0_f64.powf(0.75),
            3 => 81.0_f64.powf(0.75),
            _ => 1.0,
        })
        .collect();
    let mut rng = seeded(5);
    for (law, weights) in [
        (NegativeLaw::Uniform, vec![1.0; 84]),
        (NegativeLaw::ByDegree, weights),
    ] {
        let draws = 40_000;
        let mut counts = [0_u32; 84];
        for _ in 0..draws {
            counts[sampler.draw(law, 0, 1, &mut rng)[0] as usize] += 1;
        }
        let total: f64 = weights[1..].iter().sum();
        for node in 1..84 {
            let share = weights[node] / total;
            let expected = share * f64::from(draws);
            let deviation = (expected * (1.0 - share)).sqrt();
            let off = (f64::from(counts[node]) - expected).abs();
            assert!(
                off < 4.5 * deviation,
                "{law:?} node {node}: {} for {expected}",
                counts[node]
            );
        }
    }
}
