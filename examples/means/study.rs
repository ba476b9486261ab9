//! Random sets of points on every space with geodesics, and what becomes of their means and medians.

use std::time::{Duration, Instant};

use holonomy::rand::RngExt;
use holonomy::random::{Generator, generator};
use holonomy::stats::{Center, CenterConfig, Ending, frechet_mean, geometric_median};
use holonomy::tch::{Device, Kind, Tensor};
use holonomy::{
    Euclidean, EuclideanParametrised, Grassmann, Lorentz, Oblique, PoincareBall, Power, Product,
    Result, Scaled, Space, SpdAffineInvariant, SpdLogCholesky, SpdLogEuclidean, SpecialEuclidean,
    SpecialOrthogonal, Sphere,
};

/// A space, and on which lengths it is tried.
pub(crate) struct Field {
    pub(crate) name: &'static str,
    pub(crate) space: Box<dyn Space>,
    /// How far points lie from the middle of their set.
    radius: f64,
    /// How far the middle of a set lies from a random point.
    distance: f64,
}

/// All spaces.
pub(crate) fn fields() -> Result<Vec<Field>> {
    let mut fields = Vec::new();
    let mut add = |name, space: Box<dyn Space>, radius, distance| {
        fields.push(Field {
            name,
            space,
            radius,
            distance,
        });
    };
    let spd = 3.0;
    add("Euclidean 3", Box::new(Euclidean::new(3)?), 1e3, 1e6);
    add("sphere 1", Box::new(Sphere::new(1, 1.0)?), 3.0, 0.0);
    add("sphere 2", Box::new(Sphere::new(2, 1.0)?), 3.0, 0.0);
    add("sphere 9, κ 0.3", Box::new(Sphere::new(9, 0.3)?), 5.0, 0.0);
    let scaled = Scaled::new(Sphere::new(2, 1.0)?, 0.5)?;
    add("scaled sphere 2", Box::new(scaled), 1.5, 0.0);
    add("ball 1", Box::new(PoincareBall::new(1, -1.0)?), 16.0, 30.0);
    add("ball 2", Box::new(PoincareBall::new(2, -1.0)?), 16.0, 30.0);
    let wide = PoincareBall::new(5, -0.25)?;
    add("ball 5, κ −¼", Box::new(wide), 32.0, 60.0);
    add("Lorentz 2", Box::new(Lorentz::new(2, -1.0)?), 16.0, 30.0);
    let small = Lorentz::new(5, -2.0)?;
    add("Lorentz 5, κ −2", Box::new(small), 11.0, 21.0);
    let normal = EuclideanParametrised::new(2, -1.0)?;
    add("parametrised 2", Box::new(normal), 16.0, 30.0);
    let normal = EuclideanParametrised::new(8, -1.0)?;
    add("parametrised 8", Box::new(normal), 16.0, 30.0);
    let product = Product::new(vec![
        Box::new(PoincareBall::new(2, -1.0)?),
        Box::new(Sphere::new(2, 1.0)?),
        Box::new(Lorentz::new(3, -1.0)?),
    ])?;
    add("product", Box::new(product), 3.0, 20.0);
    let balls = Power::new(PoincareBall::new(2, -1.0)?, 3)?;
    add("power of balls", Box::new(balls), 16.0, 30.0);
    let subspaces = Power::new(Grassmann::new(4, 2)?, 2)?;
    add("power of subspaces", Box::new(subspaces), 1.5, 0.0);
    add("Gr(3, 1)", Box::new(Grassmann::new(3, 1)?), 1.5, 0.0);
    add("Gr(5, 2)", Box::new(Grassmann::new(5, 2)?), 1.5, 0.0);
    add("SO(2)", Box::new(SpecialOrthogonal::new(2)?), 3.0, 0.0);
    add("SO(3)", Box::new(SpecialOrthogonal::new(3)?), 3.0, 0.0);
    add("SO(4)", Box::new(SpecialOrthogonal::new(4)?), 3.0, 0.0);
    add("SE(2)", Box::new(SpecialEuclidean::new(2)?), 3.0, 0.0);
    add("SE(3)", Box::new(SpecialEuclidean::new(3)?), 3.0, 0.0);
    add("oblique 3 × 4", Box::new(Oblique::new(3, 4)?), 3.0, 0.0);
    add(
        "SPD affine 3",
        Box::new(SpdAffineInvariant::new(3)?),
        spd,
        spd,
    );
    add(
        "SPD log-Euclidean 3",
        Box::new(SpdLogEuclidean::new(3)?),
        spd,
        spd,
    );
    add(
        "SPD log-Cholesky 3",
        Box::new(SpdLogCholesky::new(3)?),
        spd,
        spd,
    );
    Ok(fields)
}

/// A set of points with weights.
pub(crate) struct Set {
    pub(crate) points: Tensor,
    pub(crate) weights: Option<Tensor>,
    pub(crate) about: String,
}

impl Field {
    /// The set of a number: 2 to 50 points about one place, near or far, close together or wide apart, in
    /// f64 or f32, some of them equal, without weights, with some, or with zeros among them.
    pub(crate) fn set(&self, seed: u64) -> Set {
        let mut rng = generator(seed);
        let count = rng.random_range(2..=50);
        let far = self.distance > 0.0 && rng.random_bool(0.4);
        let distance = if far {
            self.distance * rng.random::<f64>()
        } else {
            0.0
        };
        // A cluster far away, or a cloud of any size.
        let radius = if far {
            self.radius * 10f64.powf(rng.random_range(-3.0..-1.0))
        } else {
            self.radius * 10f64.powf(rng.random_range(-4.0..0.0))
        };
        let shell = rng.random_bool(0.3);
        let kind = if rng.random() {
            Kind::Double
        } else {
            Kind::Float
        };
        let mut points = self.points(&mut rng, count, distance, radius, shell);
        if rng.random_bool(0.2) {
            let chosen: Vec<i64> = (0..count).map(|_| rng.random_range(0..count)).collect();
            points = points.index_select(0, &Tensor::from_slice(&chosen));
        }
        if kind == Kind::Float {
            points = self.space.project(&points.to_kind(kind));
        }
        let zeros = rng.random_bool(0.3);
        let weights = (zeros || rng.random_bool(0.4)).then(|| {
            let mut numbers: Vec<f64> = (0..count).map(|_| rng.random_range(0.05..1.0)).collect();
            if zeros {
                let kept = rng.random_range(0..numbers.len());
                for (i, number) in numbers.iter_mut().enumerate() {
                    *number *= f64::from(u8::from(i == kept || rng.random_bool(0.6)));
                }
            }
            Tensor::from_slice(&numbers)
        });
        let about = format!(
            "{}, set {seed}: {count} points within {radius:.1e} at {distance:.1}, {kind:?}",
            self.name
        );
        Set {
            points,
            weights,
            about,
        }
    }

    fn points(
        &self,
        rng: &mut Generator,
        count: i64,
        distance: f64,
        radius: f64,
        shell: bool,
    ) -> Tensor {
        let m = &*self.space;
        let here = m.random_point(rng, &[], (Kind::Double, Device::Cpu));
        let way = m.random_tangent(rng, &here);
        let way = &way * (distance / m.norm(&here, &way).double_value(&[]));
        let middle = m.exp(&here, &way).unsqueeze(0);
        let middles = middle.repeat_interleave_self_int(count, 0, None);
        let tangents = m.random_tangent(rng, &middles);
        let lengths: Vec<f64> = (0..count)
            .map(|_| {
                if shell {
                    radius
                } else {
                    radius * rng.random::<f64>()
                }
            })
            .collect();
        let mut factors = Tensor::from_slice(&lengths) / m.norm(&middles, &tangents);
        for _ in m.point_shape() {
            factors = factors.unsqueeze(-1);
        }
        m.exp(&middles, &(tangents * factors))
    }
}

/// What became of the sets of a space.
#[derive(Default)]
pub(crate) struct Tally {
    pub(crate) sets: usize,
    pub(crate) failed: Vec<String>,
    /// Results that claim to be the unique minimum, and from which some way leads down.
    pub(crate) wrongly_unique: Vec<String>,
    /// Results without that claim, from which some way leads down.
    pub(crate) not_minimal: Vec<String>,
    pub(crate) not_unique: usize,
    pub(crate) at_resolution: usize,
    pub(crate) iterations: usize,
    pub(crate) most_iterations: usize,
    pub(crate) time: Duration,
}

/// What is looked for.
#[derive(Clone, Copy)]
pub(crate) enum Middle {
    Mean,
    Median,
}

impl Middle {
    pub(crate) fn of(self, m: &dyn Space, set: &Set, config: &CenterConfig) -> Result<Center> {
        let weights = set.weights.as_ref();
        match self {
            Self::Mean => frechet_mean(m, &set.points, weights, config),
            Self::Median => geometric_median(m, &set.points, weights, config),
        }
    }

    fn power(self) -> i64 {
        match self {
            Self::Mean => 2,
            Self::Median => 1,
        }
    }
}

impl Tally {
    /// Finds the middles of the sets of numbers.
    pub(crate) fn of(field: &Field, seeds: impl Iterator<Item = u64>, middle: Middle) -> Self {
        let mut tally = Self::default();
        for seed in seeds {
            tally.add(field, &field.set(seed), middle);
        }
        tally
    }

    fn add(&mut self, field: &Field, set: &Set, middle: Middle) {
        let m = &*field.space;
        self.sets += 1;
        let start = Instant::now();
        let found = middle.of(m, set, &CenterConfig::default());
        self.time += start.elapsed();
        let center = match found {
            Ok(center) => center,
            Err(error) => return self.failed.push(format!("{}: {error}", set.about)),
        };
        self.not_unique += usize::from(!center.is_unique);
        self.at_resolution += usize::from(center.ending == Ending::Resolution);
        self.iterations += center.iterations;
        self.most_iterations = self.most_iterations.max(center.iterations);
        if let Some(lower) = lower_nearby(m, set, &center, middle) {
            let note = format!("{}: {lower}", set.about);
            if center.is_unique {
                self.wrongly_unique.push(note);
            } else {
                self.not_minimal.push(note);
            }
        }
    }
}

/// How much lower the objective is nearby, if it is lower than rounding explains.
fn lower_nearby(m: &dyn Space, set: &Set, center: &Center, middle: Middle) -> Option<String> {
    let mut rng = generator(7);
    let double = |t: &Tensor| {
        let wide = t.to_kind(Kind::Double);
        if t.kind() == Kind::Float {
            m.project(&wide)
        } else {
            wide
        }
    };
    let (points, here) = (double(&set.points), double(&center.point));
    let counted = match &set.weights {
        None => Tensor::ones([points.size()[0]], (Kind::Double, Device::Cpu)),
        Some(weights) => weights.shallow_clone(),
    };
    let kept = counted.gt(0.0).nonzero().squeeze_dim(1);
    let (points, weights) = (
        points.index_select(0, &kept),
        counted.index_select(0, &kept),
    );
    let weights = &weights / weights.sum(Kind::Double);
    let objective = |x: &Tensor| {
        let powers = m.dist(x, &points).pow_tensor_scalar(middle.power());
        (powers * &weights).sum(Kind::Double).double_value(&[])
    };
    let value = objective(&here);
    // A result in f32 is off by its last place, and far out one in f64 is too.
    let rounded = (value - center.objective).max(0.0);
    let place = last_place(m, &here, &mut rng);
    let unresolved = match middle {
        Middle::Mean => 32.0 * place * place,
        Middle::Median => 4.0 * place,
    };
    let bound = value - rounded - unresolved - 1e-9 * value;
    for length in [1e-3, 1e-2] {
        for _ in 0..6 {
            let v = m.random_tangent(&mut rng, &here);
            let v = &v * (center.radius * length / m.norm(&here, &v).double_value(&[]));
            for v in [v.shallow_clone(), -v] {
                let there = objective(&m.exp(&here, &v));
                if there < bound {
                    let share = (value - there) / value;
                    return Some(format!(
                        "lower by {share:.1e} at {length:.0e} of the radius"
                    ));
                }
            }
        }
    }
    None
}

/// How far a rounding of its coordinates moves a point.
fn last_place(m: &dyn Space, p: &Tensor, rng: &mut Generator) -> f64 {
    let moves = (0..4).map(|_| {
        let up = |_| {
            if rng.random() {
                1.0 + 2.0 * f64::EPSILON
            } else {
                1.0 - 2.0 * f64::EPSILON
            }
        };
        let factors: Vec<f64> = (0..p.numel()).map(up).collect();
        let moved = m.project(&(p * Tensor::from_slice(&factors).view(p.size().as_slice())));
        m.dist(p, &moved).double_value(&[])
    });
    moves.fold(0.0, f64::max)
}
