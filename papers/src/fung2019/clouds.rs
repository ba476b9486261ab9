//! Points that are uniform in a body or on its surface.

use std::fmt;

use holonomy::random::random_normal;
use rand::{RngExt, SeedableRng};
use rand_xoshiro::Xoshiro256PlusPlus;
use serde::Serialize;
use tch::{Device, Kind, Tensor};

/// The random numbers of a cloud, one stream for each purpose.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Stream {
    Points,
    Directions,
    /// The order of all points.
    Random,
    /// The order of the vertices.
    Vertices,
}

impl Stream {
    /// Streams of one seed are 2¹²⁸ numbers apart.
    pub(super) fn of(self, seed: u64) -> Xoshiro256PlusPlus {
        let mut rng = Xoshiro256PlusPlus::seed_from_u64(seed);
        for _ in 0..self as u32 {
            rng.jump();
        }
        rng
    }
}

/// What points are drawn from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Body {
    Cube,
    Ball,
    /// The surface of the ball, of which all points are vertices of the hull.
    Sphere,
}

impl Body {
    pub(super) const ALL: [Self; 3] = [Self::Cube, Self::Ball, Self::Sphere];

    /// Uniform points, `[n, d]`.
    pub(super) fn sample(self, d: usize, n: usize, seed: u64) -> Tensor {
        let mut rng = Stream::Points.of(seed);
        let mut numbers = |count: usize| -> Tensor {
            let numbers: Vec<f64> = (0..count).map(|_| rng.random::<f64>()).collect();
            Tensor::from_slice(&numbers)
        };
        let (n, d) = (n as i64, d as i64);
        if self == Self::Cube {
            return numbers((n * d) as usize).view([n, d]);
        }
        let radii = match self {
            Self::Ball => numbers(n as usize).pow_tensor_scalar(1.0 / d as f64),
            Self::Cube | Self::Sphere => Tensor::ones([n], (Kind::Double, Device::Cpu)),
        };
        let toward = random_normal(&mut rng, &[n, d], Kind::Double, Device::Cpu);
        let lengths = toward
            .square()
            .sum_dim_intlist(1, true, Kind::Double)
            .sqrt();
        toward / lengths * radii.unsqueeze(1)
    }
}

impl fmt::Display for Body {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Cube => "cube",
            Self::Ball => "ball",
            Self::Sphere => "sphere",
        })
    }
}

#[cfg(test)]
mod tests {
    use rand::Rng;

    use super::*;

    /// Else the directions would be those that made the points of a sphere.
    #[test]
    fn streams_share_no_numbers() {
        let streams = [
            Stream::Points,
            Stream::Directions,
            Stream::Random,
            Stream::Vertices,
        ];
        let first = |stream: Stream| {
            let mut rng = stream.of(7);
            (0..8).map(|_| rng.next_u64()).collect::<Vec<_>>()
        };
        let mut all = streams.map(first).concat();
        all.sort_unstable();
        all.dedup();
        assert_eq!(all.len(), 32);
    }

    /// Second moments: 1/12 of each coordinate of a cube, 1/(d + 2) of a ball, 1/d of a sphere.
    #[test]
    fn points_are_spread_as_in_their_body() {
        for d in [2, 5] {
            for (body, exact) in [
                (Body::Cube, 1.0 / 12.0),
                (Body::Ball, 1.0 / (d as f64 + 2.0)),
                (Body::Sphere, 1.0 / d as f64),
            ] {
                let points = body.sample(d, 20_000, 1);
                let centred = &points - points.mean_dim(0, true, Kind::Double);
                let second = centred.square().mean(Kind::Double).double_value(&[]);
                assert!((second / exact - 1.0).abs() < 0.02, "{body} {d}: {second}");
                let largest = points.abs().max().double_value(&[]);
                assert!(largest <= 1.0, "{body} {d}: {largest}");
            }
        }
        assert!(
            Body::Ball
                .sample(3, 10, 1)
                .equal(&Body::Ball.sample(3, 10, 1))
        );
        assert!(
            !Body::Ball
                .sample(3, 10, 1)
                .equal(&Body::Ball.sample(3, 10, 2))
        );
    }
}
