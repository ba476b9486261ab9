//! nalgebra as an independent oracle: rotations, quaternions and Lorentz matrices.

use holonomy::{Euclidean, Geodesic, Lorentz, Manifold, Sample, Sphere};
use nalgebra::{DMatrix, DVector, Quaternion, Rotation3, Unit, UnitQuaternion, Vector3};
use rand::SeedableRng;
use rand_xoshiro::Xoshiro256PlusPlus;
use tch::{Device, Kind, Tensor};

const F64: (Kind, Device) = (Kind::Double, Device::Cpu);
const PAIRS: u64 = 50;

fn numbers(x: &Tensor) -> Vec<f64> {
    Vec::try_from(x.reshape([-1])).unwrap()
}

fn vector3(x: &Tensor) -> Vector3<f64> {
    Vector3::from_vec(numbers(x))
}

fn quaternion(x: &Tensor) -> UnitQuaternion<f64> {
    let x = numbers(x);
    Unit::new_normalize(Quaternion::new(x[0], x[1], x[2], x[3]))
}

#[track_caller]
fn assert_near(got: &Tensor, want: &[f64], bound: f64) {
    let got = numbers(got);
    assert_eq!(got.len(), want.len());
    let error = got
        .iter()
        .zip(want)
        .map(|(a, b)| (a - b).abs())
        .fold(0.0, f64::max);
    assert!(error <= bound, "{got:?} is {error:e} from {want:?}");
}

fn pair(m: &dyn Sample, seed: u64) -> (Tensor, Tensor, Xoshiro256PlusPlus) {
    let mut rng = Xoshiro256PlusPlus::seed_from_u64(seed);
    let p = m.random_point(&mut rng, &[], F64);
    let q = m.random_point(&mut rng, &[], F64);
    (p, q, rng)
}

#[test]
fn euclidean_space_is_vector_arithmetic() {
    let m = Euclidean::new(6).unwrap();
    for seed in 0..PAIRS {
        let (p, q, _) = pair(&m, seed);
        let (a, b) = (
            DVector::from_vec(numbers(&p)),
            DVector::from_vec(numbers(&q)),
        );
        assert_near(&m.dist(&p, &q), &[(&a - &b).norm()], 1e-14);
        assert_near(&m.inner(&p, &p, &q), &[a.dot(&b)], 1e-14);
        let t = Tensor::from(0.3);
        assert_near(&m.geodesic(&p, &q, &t), a.lerp(&b, 0.3).as_slice(), 1e-14);
    }
}

#[test]
fn sphere_geodesic_is_slerp_of_unit_vectors() {
    let m = Sphere::new(2, 1.0).unwrap();
    for seed in 0..PAIRS {
        let (p, q, _) = pair(&m, seed);
        let (a, b) = (
            Unit::new_normalize(vector3(&p)),
            Unit::new_normalize(vector3(&q)),
        );
        assert_near(&m.dist(&p, &q), &[a.angle(&b)], 1e-13);
        let got = m.geodesic(&p, &q, &Tensor::from(0.3));
        assert_near(&got, a.slerp(&b, 0.3).as_slice(), 1e-13);
    }
}

#[test]
fn sphere_transport_is_the_rotation_between() {
    let m = Sphere::new(2, 1.0).unwrap();
    for seed in 0..PAIRS {
        let (p, q, mut rng) = pair(&m, seed);
        let v = m.random_tangent(&mut rng, &p);
        let rotation = Rotation3::rotation_between(&vector3(&p), &vector3(&q)).unwrap();
        let want = rotation * vector3(&v);
        assert_near(&m.parallel_transport(&p, &q, &v), want.as_slice(), 1e-13);
    }
}

#[test]
fn sphere_exp_is_a_rotation_about_the_normal() {
    let m = Sphere::new(2, 1.0).unwrap();
    for seed in 0..PAIRS {
        let (p, _, mut rng) = pair(&m, seed);
        let v = m.random_tangent(&mut rng, &p);
        let rotation = Rotation3::new(vector3(&p).cross(&vector3(&v)));
        assert_near(&m.exp(&p, &v), (rotation * vector3(&p)).as_slice(), 1e-13);
    }
}

#[test]
fn three_sphere_geodesic_is_slerp_of_quaternions() {
    let m = Sphere::new(3, 1.0).unwrap();
    for seed in 0..PAIRS {
        let (p, q, _) = pair(&m, seed);
        // A quaternion and its negative are one rotation; slerp takes the nearer.
        let q = if p.dot(&q).double_value(&[]) < 0.0 {
            -q
        } else {
            q
        };
        let (a, b) = (quaternion(&p), quaternion(&q));
        let want = a.slerp(&b, 0.3).into_inner();
        let got = m.geodesic(&p, &q, &Tensor::from(0.3));
        assert_near(&got, &[want.w, want.i, want.j, want.k], 1e-13);
        assert_near(&(m.dist(&p, &q) * 2.0), &[a.angle_to(&b)], 1e-13);
    }
}

/// A boost along the first axis after a rotation of the first two: exact up to rounding, from
/// matrices alone.
fn isometry(n: usize, rapidity: f64, angle: f64) -> DMatrix<f64> {
    let mut boost = DMatrix::identity(n + 1, n + 1);
    boost[(0, 0)] = rapidity.cosh();
    boost[(1, 1)] = rapidity.cosh();
    boost[(0, 1)] = rapidity.sinh();
    boost[(1, 0)] = rapidity.sinh();
    let mut rotation = DMatrix::identity(n + 1, n + 1);
    rotation[(1, 1)] = angle.cos();
    rotation[(2, 2)] = angle.cos();
    rotation[(1, 2)] = -angle.sin();
    rotation[(2, 1)] = angle.sin();
    boost * rotation
}

#[test]
fn lorentz_matrices_are_isometries_of_the_hyperboloid() {
    let m = Lorentz::new(4, -0.5).unwrap();
    let matrix = isometry(4, 0.8, 1.1);
    let apply = |x: &Tensor| {
        let moved = &matrix * DVector::from_vec(numbers(x));
        Tensor::from_slice(moved.as_slice())
    };
    for seed in 0..PAIRS {
        let (p, q, mut rng) = pair(&m, seed);
        let v = m.random_tangent(&mut rng, &p);
        let (moved_p, moved_q, moved_v) = (apply(&p), apply(&q), apply(&v));
        let near = |got: &Tensor, want: &Tensor| {
            let size = want.abs().max().double_value(&[]) + 1.0;
            assert_near(got, &numbers(want), 1e-11 * size);
        };
        near(&m.dist(&moved_p, &moved_q), &m.dist(&p, &q));
        near(&m.exp(&moved_p, &moved_v), &apply(&m.exp(&p, &v)));
        near(&m.log(&moved_p, &moved_q), &apply(&m.log(&p, &q)));
        let carried = m.parallel_transport(&p, &q, &v);
        near(
            &m.parallel_transport(&moved_p, &moved_q, &moved_v),
            &apply(&carried),
        );
    }
}
