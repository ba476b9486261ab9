//! The operations of the traits as a table, for the laws that hold of each of them.

use tch::{Kind, Tensor};

use super::measure::{Worst, flat, size};
use super::samples::Samples;
use crate::{Geodesic, Manifold};

/// Which sample an argument is.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Arg {
    P,
    Q,
    U,
    V,
    Z,
    T,
}

impl Arg {
    pub(super) fn of(self, s: &Samples) -> Tensor {
        match self {
            Self::P => s.p.shallow_clone(),
            Self::Q => s.q.shallow_clone(),
            Self::U => s.u.shallow_clone(),
            Self::V => s.v.shallow_clone(),
            Self::Z => s.z.shallow_clone(),
            Self::T => s.t.shallow_clone(),
        }
    }

    /// The dimensions after the batch.
    pub(super) fn trailing(self, point: &[i64]) -> &[i64] {
        if self == Self::T { &[] } else { point }
    }
}

/// Where an operation has a derivative.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Smooth {
    Everywhere,
    /// Except for v = 0 or p = q.
    AwayFromZero,
    Nowhere,
}

/// What an operation gives, which decides the scale of its errors.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Gives {
    Point,
    Tangent,
    /// A tangent by orthogonal projection of an argument, which may be much longer.
    Projection,
    PointAndTangent,
    PointAndProjection,
    Number,
}

/// One operation of a trait, to be applied to chosen samples.
pub(super) struct Operation<M: ?Sized> {
    pub(super) name: &'static str,
    pub(super) args: &'static [Arg],
    pub(super) smooth: Smooth,
    pub(super) gives: Gives,
    pub(super) apply: fn(&M, &[Tensor]) -> Vec<Tensor>,
}

impl<M: ?Sized> Operation<M> {
    pub(super) fn arguments(&self, s: &Samples) -> Vec<Tensor> {
        self.args.iter().map(|arg| arg.of(s)).collect()
    }

    /// The worst difference of two results, as a part of the size of the result's row and of what
    /// rounding of the points makes of it.
    pub(super) fn compare(&self, s: &Samples, got: &[Tensor], want: &[Tensor]) -> Worst {
        let pairs = got.iter().zip(want).enumerate();
        pairs.fold(Worst::default(), |worst, (index, (got, want))| {
            if got.size() != want.size() {
                return Worst::at(self.name, f64::INFINITY);
            }
            let error = size(&(flat(got, s.rows) - flat(want, s.rows)), s.rows);
            worst.or(Worst::of(
                self.name,
                &error,
                &(self.scale(s, index, want) * s.strain()),
            ))
        })
    }

    /// Whether the result is a point and a tangent carried there.
    pub(super) fn carries(&self) -> bool {
        matches!(
            self.gives,
            Gives::PointAndTangent | Gives::PointAndProjection
        )
    }

    /// The natural size of a result, `[rows]`.
    fn scale(&self, s: &Samples, index: usize, result: &Tensor) -> Tensor {
        let size_of_result = size(result, s.rows);
        if self.gives == Gives::Number {
            return size_of_result + 1.0;
        }
        if self.gives == Gives::Point || (self.carries() && index == 0) {
            return size_of_result;
        }
        let tangents = self
            .args
            .iter()
            .filter(|arg| matches!(arg, Arg::Z | Arg::V | Arg::U));
        let zero = s.rounding_p.zeros_like();
        let given = tangents.fold(zero, |sum, arg| sum + size(&arg.of(s), s.rows));
        let projected = matches!(self.gives, Gives::Projection | Gives::PointAndProjection);
        let given = if projected { given * &s.stretch } else { given };
        size_of_result + given + size(&s.u, s.rows)
    }
}

use Arg::{P, Q, T, U, V, Z};
use Gives::{Number, Point, PointAndProjection, PointAndTangent, Projection, Tangent};
use Smooth::{AwayFromZero, Everywhere, Nowhere};

fn pair((a, b): (Tensor, Tensor)) -> Vec<Tensor> {
    vec![a, b]
}

macro_rules! operation {
    ($name:ident, $smooth:ident, $gives:ident, $args:expr, |$m:ident, $a:ident| $apply:expr) => {
        Operation {
            name: stringify!($name),
            args: $args,
            smooth: $smooth,
            gives: $gives,
            apply: |$m, $a| $apply,
        }
    };
}

/// The operations of [`Manifold`].
pub(super) fn of_manifold<'m>() -> Vec<Operation<dyn Manifold + 'm>> {
    vec![
        operation!(project, Everywhere, Point, &[Z], |m, a| vec![
            m.project(&a[0])
        ]),
        operation!(
            project_tangent,
            Everywhere,
            Projection,
            &[P, Z],
            |m, a| vec![m.project_tangent(&a[0], &a[1])]
        ),
        operation!(inner, Everywhere, Number, &[P, U, V], |m, a| vec![
            m.inner(&a[0], &a[1], &a[2])
        ]),
        operation!(norm, AwayFromZero, Number, &[P, V], |m, a| vec![
            m.norm(&a[0], &a[1])
        ]),
        operation!(
            component_inner,
            Everywhere,
            Number,
            &[P, U, V],
            |m, a| vec![m.component_inner(&a[0], &a[1], &a[2])]
        ),
        operation!(rgrad, Everywhere, Tangent, &[P, Z], |m, a| vec![
            m.rgrad(&a[0], &a[1])
        ]),
        operation!(retract, Everywhere, Point, &[P, V], |m, a| vec![
            m.retract(&a[0], &a[1])
        ]),
        operation!(
            vector_transport,
            Everywhere,
            Projection,
            &[P, Q, U],
            |m, a| vec![m.vector_transport(&a[0], &a[1], &a[2])]
        ),
        operation!(
            retract_transport,
            Everywhere,
            PointAndProjection,
            &[P, V, U],
            |m, a| pair(m.retract_transport(&a[0], &a[1], &a[2]))
        ),
        operation!(point_defect, Nowhere, Number, &[P], |m, a| vec![
            m.point_defect(&a[0])
        ]),
        operation!(tangent_defect, Nowhere, Number, &[P, Z], |m, a| vec![
            m.tangent_defect(&a[0], &a[1])
        ]),
    ]
}

/// The operations of [`Geodesic`].
pub(super) fn of_geodesic<'m>() -> Vec<Operation<dyn Geodesic + 'm>> {
    vec![
        operation!(exp, Everywhere, Point, &[P, V], |m, a| vec![
            m.exp(&a[0], &a[1])
        ]),
        operation!(log, Everywhere, Tangent, &[P, Q], |m, a| vec![
            m.log(&a[0], &a[1])
        ]),
        operation!(
            parallel_transport,
            Everywhere,
            Tangent,
            &[P, Q, U],
            |m, a| vec![m.parallel_transport(&a[0], &a[1], &a[2])]
        ),
        operation!(dist, AwayFromZero, Number, &[P, Q], |m, a| vec![
            m.dist(&a[0], &a[1])
        ]),
        operation!(geodesic, Everywhere, Point, &[P, Q, T], |m, a| vec![
            m.geodesic(&a[0], &a[1], &a[2])
        ]),
        operation!(
            exp_transport,
            Everywhere,
            PointAndTangent,
            &[P, V, U],
            |m, a| pair(m.exp_transport(&a[0], &a[1], &a[2]))
        ),
    ]
}

/// The arguments in another kind.
pub(super) fn to_kind(arguments: &[Tensor], kind: Kind) -> Vec<Tensor> {
    arguments.iter().map(|x| x.to_kind(kind)).collect()
}
