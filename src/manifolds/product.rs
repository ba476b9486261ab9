//! Riemannian products of manifolds.
//!
//! A point is a tuple of points; tangent spaces, metrics and geodesics are those of the factors.

use std::fmt::Debug;

use rand::Rng;
use tch::{Device, Kind, Tensor};

use crate::manifold::{Geodesic, Manifold, Sample};
use crate::numerics::{batch_of, check_batches, check_numbers, check_points, safe_sqrt};
use crate::{Error, Result};

/// A manifold that implements all three traits, as the factors of [`Product::new`] must.
pub trait Space: Geodesic + Sample {}

impl<M: Geodesic + Sample + ?Sized> Space for M {}

/// The Riemannian product of manifolds, such as H⁵ × S⁵ × ℝ⁵.
///
/// A product implements [`Geodesic`] or [`Sample`] if its factors `F` do. For factors of different
/// types use `Box<dyn Space>` ([`Product::new`]). For factors that do not implement all traits
/// choose another `F` with [`Product::of`], such as `dyn Manifold`.
///
/// # Shapes
///
/// Points and tangents `[.., width]`: those of the factors, each flattened and concatenated in the
/// last dimension.
///
/// # Examples
///
/// The squared distances add up.
///
/// ```
/// use holonomy::{Euclidean, Geodesic, Lorentz, Product};
/// use holonomy::tch::Tensor;
///
/// let space = Product::new(vec![Box::new(Euclidean::new(1)?), Box::new(Lorentz::new(1, -1.0)?)])?;
/// let p = Tensor::from_slice(&[0.0, 1.0, 0.0]);
/// let q = Tensor::from_slice(&[3.0, 4.0_f64.cosh(), 4.0_f64.sinh()]);
/// assert!((space.dist(&p, &q).double_value(&[]) - 5.0).abs() < 1e-14);
/// # Ok::<(), holonomy::Error>(())
/// ```
///
/// # References
///
/// gu2019; becigneul2019, section 4.
#[derive(Debug)]
pub struct Product<F: ?Sized = dyn Space> {
    factors: Vec<Box<F>>,
}

impl Product<dyn Space> {
    /// The product of factors of any types.
    ///
    /// # Errors
    ///
    /// [`Error::InvalidArgument`] if there are no factors.
    pub fn new(factors: Vec<Box<dyn Space>>) -> Result<Self> {
        Self::of(factors)
    }
}

impl<F: Manifold + ?Sized> Product<F> {
    /// The product of factors of type `F`: one manifold type, or a trait object of your choice.
    ///
    /// # Errors
    ///
    /// [`Error::InvalidArgument`] if there are no factors.
    pub fn of(factors: Vec<Box<F>>) -> Result<Self> {
        if factors.is_empty() {
            return Err(Error::invalid("Product::of", "at least one factor", "none"));
        }
        Ok(Self { factors })
    }

    /// The factors, in the order of their coordinates.
    pub fn factors(&self) -> impl Iterator<Item = &F> {
        self.factors.iter().map(|f| &**f)
    }

    /// The part of a point or tangent in each factor, in the shape of that factor.
    pub fn split(&self, p: &Tensor) -> Vec<Tensor> {
        check_points("split", self.width(), &[p]);
        let batch = &p.size()[..p.dim() - 1];
        let mut start = 0;
        self.factors
            .iter()
            .map(|factor| {
                let width = width(&**factor);
                let part = p.narrow(-1, start, width);
                start += width;
                part.reshape([batch, &factor.point_shape()].concat())
            })
            .collect()
    }

    /// The inverse of [`split`](Self::split).
    ///
    /// # Panics
    ///
    /// Unless there is one part for each factor, in that factor's shape, and all parts have the
    /// same batch shape, kind and device.
    #[track_caller]
    pub fn join(&self, parts: &[Tensor]) -> Tensor {
        assert!(
            parts.len() == self.factors.len(),
            "join: expected {} parts, got {}",
            self.factors.len(),
            parts.len()
        );
        check_numbers("join", &parts.iter().collect::<Vec<_>>());
        let mut flat: Vec<Tensor> = Vec::with_capacity(parts.len());
        for (part, factor) in parts.iter().zip(&self.factors) {
            let shape = factor.point_shape();
            check_batches("join", &shape, &[part]);
            let size = [batch_of(part, shape.len()), vec![width(&**factor)]].concat();
            let batch = flat
                .first()
                .map_or_else(|| batch_of(part, shape.len()), |first| batch_of(first, 1));
            assert!(
                size.starts_with(&batch) && size.len() == batch.len() + 1,
                "join: expected parts of one batch shape, got {batch:?} and {:?}",
                batch_of(part, shape.len())
            );
            flat.push(part.reshape(size));
        }
        Tensor::cat(&flat, -1)
    }

    fn width(&self) -> i64 {
        self.factors.iter().map(|f| width(&**f)).sum()
    }

    /// Applies an operation that gives points or tangents factor by factor.
    fn each<const N: usize>(
        &self,
        inputs: [&Tensor; N],
        op: impl Fn(&F, [&Tensor; N]) -> Tensor,
    ) -> Tensor {
        self.join(&self.parts(inputs, op))
    }

    /// Applies an operation that gives one number a factor, and adds them up.
    fn total<const N: usize>(
        &self,
        inputs: [&Tensor; N],
        op: impl Fn(&F, [&Tensor; N]) -> Tensor,
    ) -> Tensor {
        let parts = self.parts(inputs, op);
        Tensor::stack(&parts, -1).sum_dim_intlist(-1, false, inputs[0].kind())
    }

    /// Applies an operation that gives a point and a tangent factor by factor. Inputs are broadcast
    /// first: factors differ in whether a point takes batch dimensions of the tangent.
    fn each_pair(
        &self,
        inputs: [&Tensor; 3],
        op: impl Fn(&F, [&Tensor; 3]) -> (Tensor, Tensor),
    ) -> (Tensor, Tensor) {
        let inputs = Tensor::broadcast_tensors(&inputs);
        let pairs = self.parts([&inputs[0], &inputs[1], &inputs[2]], op);
        let (points, tangents): (Vec<Tensor>, Vec<Tensor>) = pairs.into_iter().unzip();
        (self.join(&points), self.join(&tangents))
    }

    fn parts<const N: usize, R>(
        &self,
        inputs: [&Tensor; N],
        op: impl Fn(&F, [&Tensor; N]) -> R,
    ) -> Vec<R> {
        let split = inputs.map(|t| self.split(t));
        let arguments = |i: usize| std::array::from_fn(|k| &split[k][i]);
        self.factors
            .iter()
            .enumerate()
            .map(|(i, factor)| op(factor, arguments(i)))
            .collect()
    }
}

/// The numbers in one point.
fn width<F: Manifold + ?Sized>(factor: &F) -> i64 {
    factor.point_shape().iter().product()
}

impl<F: Manifold + ?Sized> Manifold for Product<F> {
    fn point_shape(&self) -> Vec<i64> {
        vec![self.width()]
    }

    fn dim(&self) -> i64 {
        self.factors.iter().map(|f| f.dim()).sum()
    }

    fn has_learnable_curvature(&self) -> bool {
        let mut factors = self.factors.iter();
        factors.any(|factor| factor.has_learnable_curvature())
    }

    fn curvatures(&self) -> Vec<f64> {
        let factors = self.factors.iter();
        factors.flat_map(|factor| factor.curvatures()).collect()
    }

    fn carried(&self, p: &Tensor, before: &[f64]) -> Tensor {
        let mut rest = before;
        let parts = self.split(p);
        let carried = self.factors.iter().zip(&parts).map(|(factor, p)| {
            let (own, others) = rest.split_at(factor.curvatures().len());
            rest = others;
            factor.carried(p, own)
        });
        let carried: Vec<Tensor> = carried.collect();
        self.join(&carried)
    }

    /// The sum of the factors' defects.
    fn point_defect(&self, p: &Tensor) -> Tensor {
        self.total([p], |factor, [p]| factor.point_defect(p))
    }

    /// The sum of the factors' defects.
    fn tangent_defect(&self, p: &Tensor, v: &Tensor) -> Tensor {
        self.total([p, v], |factor, [p, v]| factor.tangent_defect(p, v))
    }

    fn project(&self, z: &Tensor) -> Tensor {
        self.each([z], |factor, [z]| factor.project(z))
    }

    fn project_tangent(&self, p: &Tensor, z: &Tensor) -> Tensor {
        self.each([p, z], |factor, [p, z]| factor.project_tangent(p, z))
    }

    fn inner(&self, p: &Tensor, u: &Tensor, v: &Tensor) -> Tensor {
        self.total([p, u, v], |factor, [p, u, v]| factor.inner(p, u, v))
    }

    fn rgrad(&self, p: &Tensor, egrad: &Tensor) -> Tensor {
        self.each([p, egrad], |factor, [p, egrad]| factor.rgrad(p, egrad))
    }

    fn retract(&self, p: &Tensor, v: &Tensor) -> Tensor {
        self.each([p, v], |factor, [p, v]| factor.retract(p, v))
    }

    fn vector_transport(&self, p: &Tensor, q: &Tensor, v: &Tensor) -> Tensor {
        self.each([p, q, v], |factor, [p, q, v]| {
            factor.vector_transport(p, q, v)
        })
    }

    fn retract_transport(&self, p: &Tensor, v: &Tensor, w: &Tensor) -> (Tensor, Tensor) {
        check_points("retract_transport", self.width(), &[p, v, w]);
        self.each_pair([p, v, w], |factor, [p, v, w]| {
            factor.retract_transport(p, v, w)
        })
    }

    /// The value of each factor, repeated over the factor's coordinates.
    fn component_inner(&self, p: &Tensor, u: &Tensor, v: &Tensor) -> Tensor {
        self.each([p, u, v], |factor, [p, u, v]| {
            let component = factor.component_inner(p, u, v);
            let size = Tensor::broadcast_tensors(&[&component, p, u, v])[0].size();
            component.expand(&size, false)
        })
    }
}

impl<F: Geodesic + ?Sized> Geodesic for Product<F> {
    /// The smallest of the factors' radii.
    fn convexity_radius(&self) -> f64 {
        let radii = self.factors.iter().map(|factor| factor.convexity_radius());
        radii.fold(f64::INFINITY, f64::min)
    }

    fn exp(&self, p: &Tensor, v: &Tensor) -> Tensor {
        self.each([p, v], |factor, [p, v]| factor.exp(p, v))
    }

    fn log(&self, p: &Tensor, q: &Tensor) -> Tensor {
        self.each([p, q], |factor, [p, q]| factor.log(p, q))
    }

    fn parallel_transport(&self, p: &Tensor, q: &Tensor, v: &Tensor) -> Tensor {
        self.each([p, q, v], |factor, [p, q, v]| {
            factor.parallel_transport(p, q, v)
        })
    }

    fn exp_transport(&self, p: &Tensor, v: &Tensor, w: &Tensor) -> (Tensor, Tensor) {
        check_points("exp_transport", self.width(), &[p, v, w]);
        self.each_pair([p, v, w], |factor, [p, v, w]| factor.exp_transport(p, v, w))
    }

    /// ```text
    /// √Σ dist²
    /// ```
    fn dist(&self, p: &Tensor, q: &Tensor) -> Tensor {
        safe_sqrt(&self.total([p, q], |factor, [p, q]| factor.dist(p, q).square()))
    }
}

impl<F: Sample + ?Sized> Sample for Product<F> {
    /// Independent points of the factors.
    fn random_point(&self, rng: &mut dyn Rng, batch: &[i64], options: (Kind, Device)) -> Tensor {
        let parts: Vec<Tensor> = self
            .factors
            .iter()
            .map(|f| f.random_point(rng, batch, options))
            .collect();
        self.join(&parts)
    }

    fn random_tangent(&self, rng: &mut dyn Rng, p: &Tensor) -> Tensor {
        let points = self.split(p);
        let parts: Vec<Tensor> = self
            .factors
            .iter()
            .zip(&points)
            .map(|(f, p)| f.random_tangent(rng, p))
            .collect();
        self.join(&parts)
    }
}
