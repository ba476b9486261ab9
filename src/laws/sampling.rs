//! Laws of [`Sample`].

use rand::SeedableRng;
use rand_xoshiro::Xoshiro256PlusPlus;
use tch::{Kind, Tensor};

use super::measure::{Worst, double, length};
use super::samples::{Samples, all_finite};
use crate::Sample;

/// `point_defect = 0` and `tangent_defect = 0` for random points and tangents.
///
/// # Scale
///
/// 1 for points, and 1 + √dim / |tangent| for tangents: a defect is relative, and a random tangent
/// may be short.
pub fn random_points_are_valid(m: &dyn Sample, s: &Samples) -> Worst {
    let mut rng = s.rng();
    let p = m.random_point(&mut rng, &s.batch, (s.p.kind(), s.p.device()));
    let one = Tensor::from(1.0);
    let u = m.random_tangent(&mut rng, &p);
    let far = m.random_tangent(&mut rng, &s.p);
    let judge = |place, p: &Tensor, u: &Tensor| {
        let scale = (m.dim() as f64).sqrt() / length(m, p, u) + 1.0;
        Worst::of(place, &m.tangent_defect(p, u), &scale)
    };
    Worst::of("random_point", &m.point_defect(&p), &one)
        .or(judge("random_tangent", &p, &u))
        .or(judge("random_tangent, far", &s.p, &far))
}

/// The same seed gives the same points and tangents, another seed gives others. They are finite
/// and have the requested shape, kind and device.
///
/// # Scale
///
/// None: the error is 0 or infinite.
pub fn random_points_follow_the_seed(m: &dyn Sample, s: &Samples) -> Worst {
    let shape = [s.batch.as_slice(), m.point_shape().as_slice()].concat();
    let draw = |seed: u64| {
        let mut rng = Xoshiro256PlusPlus::seed_from_u64(seed);
        let p = m.random_point(&mut rng, &s.batch, (s.p.kind(), s.p.device()));
        let u = m.random_tangent(&mut rng, &p);
        [p, u]
    };
    let (first, again, other) = (draw(1), draw(1), draw(2));
    let judged = [
        ("shape", first.iter().all(|x| x.size() == shape)),
        (
            "kind",
            first
                .iter()
                .all(|x| x.kind() == s.p.kind() && x.device() == s.p.device()),
        ),
        ("same seed", first == again),
        ("other seed", first[0] != other[0] && first[1] != other[1]),
        ("finite", first.iter().all(all_finite)),
    ];
    let wrong = judged.iter().find(|(_, right)| !right);
    wrong.map_or_else(Worst::default, |(place, _)| Worst::at(place, f64::INFINITY))
}

/// The mean of `norm²` over many random tangents is the dimension.
///
/// # Scale
///
/// √(2 dim / count), the standard deviation of the mean of count numbers with the distribution
/// χ²(dim).
pub fn random_tangents_are_normal(m: &dyn Sample, s: &Samples) -> Worst {
    const COUNT: i64 = 400;
    let p = super::samples::row(&s.p, s.rows, 0, &m.point_shape());
    let p = p
        .expand([&[COUNT], m.point_shape().as_slice()].concat(), false)
        .contiguous();
    let u = m.random_tangent(&mut s.rng(), &p);
    let mean = double(&m.inner(&p, &u, &u))
        .mean(Kind::Double)
        .double_value(&[]);
    let dim = m.dim() as f64;
    Worst::at(
        "random_tangent",
        (mean - dim).abs() / (2.0 * dim / COUNT as f64).sqrt(),
    )
}
