//! Laws of every operation: batches, broadcasting, memory layout, kinds, side effects.
//!
//! Each law is about every operation of [`Manifold`]; the law with the prefix `geodesic_` is the
//! same for [`Geodesic`].

use rand_xoshiro::Xoshiro256PlusPlus;
use tch::{Kind, Tensor};

use super::measure::{Worst, flat, leaf, size};
use super::operations::{self, Arg, Operation, to_kind};
use super::samples::{Samples, row};
use crate::numerics::{no_grad, with_grad};
use crate::{Geodesic, Manifold};

macro_rules! for_both_traits {
    ($($(#[$doc:meta])* $law:ident, $geodesic_law:ident;)*) => {
        $(
            $(#[$doc])*
            pub fn $law(m: &dyn Manifold, s: &Samples) -> Worst {
                every(m, s, &m.point_shape(), &operations::of_manifold(), checks::$law)
            }

            $(#[$doc])*
            pub fn $geodesic_law(m: &dyn Geodesic, s: &Samples) -> Worst {
                every(m, s, &m.point_shape(), &operations::of_geodesic(), checks::$law)
            }
        )*
    };
}

for_both_traits! {
    /// The result of a batch consists of the results of its rows.
    ///
    /// # Scale
    ///
    /// The size of the result · strain.
    batch_is_its_rows, geodesic_batch_is_its_rows;

    /// Arguments of shapes `[b, ..]` and `[a, 1, ..]` give the same result as when expanded to
    /// `[a, b, ..]`. If the result is a point with a transported tangent, the point may lack batch
    /// dimensions that only the tangent has.
    ///
    /// # Scale
    ///
    /// The size of the result · strain.
    shapes_broadcast, geodesic_shapes_broadcast;

    /// An empty batch gives an empty result of the right shape.
    ///
    /// # Scale
    ///
    /// None: the error is 0 or infinite.
    empty_batch_is_empty, geodesic_empty_batch_is_empty;

    /// Transposed, strided and offset memory gives the same result as contiguous memory.
    ///
    /// # Scale
    ///
    /// The size of the result · strain.
    layout_is_irrelevant, geodesic_layout_is_irrelevant;

    /// The result has the kind and the device of the arguments.
    ///
    /// # Scale
    ///
    /// None: the error is 0 or infinite.
    kind_is_kept, geodesic_kind_is_kept;

    /// No operation changes its arguments.
    ///
    /// # Scale
    ///
    /// None: the error is 0 or infinite.
    arguments_are_kept, geodesic_arguments_are_kept;

    /// The result is the same with and without gradients.
    ///
    /// # Scale
    ///
    /// The size of the result · strain.
    gradients_change_no_value, geodesic_gradients_change_no_value;

    /// The f32 result is the rounded f64 result.
    ///
    /// # Scale
    ///
    /// The size of the result · strain.
    single_is_rounded_double, geodesic_single_is_rounded_double;
}

type Check<M> = fn(&M, &Operation<M>, &Samples, &[i64]) -> Worst;

fn every<M: ?Sized>(
    m: &M,
    s: &Samples,
    point: &[i64],
    operations: &[Operation<M>],
    check: Check<M>,
) -> Worst {
    operations
        .iter()
        .fold(Worst::default(), |worst, operation| {
            worst.or(no_grad(|| check(m, operation, s, point)))
        })
}

mod checks {
    use super::{
        Arg, Kind, Operation, Samples, Tensor, Worst, Xoshiro256PlusPlus, broken, flat, leaf, row,
        size, to_kind, with_grad,
    };

    pub(super) fn batch_is_its_rows<M: ?Sized>(
        m: &M,
        operation: &Operation<M>,
        s: &Samples,
        point: &[i64],
    ) -> Worst {
        const ROWS: i64 = 3;
        let arguments = operation.arguments(s);
        let whole = (operation.apply)(m, &arguments);
        let split = |x: &Tensor| {
            let trailing = x.size()[s.batch.len()..].to_vec();
            x.reshape([&[s.rows], trailing.as_slice()].concat())
        };
        if whole.iter().any(|x| !x.size().starts_with(&s.batch)) {
            return broken(operation.name);
        }
        let mut by_rows: Vec<Tensor> = whole.iter().map(|x| split(x).copy()).collect();
        for index in 0..s.rows.min(ROWS) {
            let one: Vec<Tensor> = arguments
                .iter()
                .zip(operation.args)
                .map(|(x, arg)| row(x, s.rows, index, arg.trailing(point)))
                .collect();
            for (target, result) in by_rows.iter_mut().zip((operation.apply)(m, &one)) {
                if target.get(index).size() != result.size() {
                    return broken(operation.name);
                }
                target.get(index).copy_(&result);
            }
        }
        let whole: Vec<Tensor> = whole.iter().map(split).collect();
        operation.compare(s, &by_rows, &whole)
    }

    pub(super) fn shapes_broadcast<M: ?Sized>(
        m: &M,
        operation: &Operation<M>,
        s: &Samples,
        point: &[i64],
    ) -> Worst {
        let (a, b) = (s.rows.min(3), s.rows);
        let mut rng = s.rng();
        let narrow: Vec<Tensor> = operation
            .args
            .iter()
            .map(|arg| partly_batched(s, *arg, point, (a, b), &mut rng))
            .collect();
        let batches: Vec<Vec<i64>> = narrow
            .iter()
            .zip(operation.args)
            .map(|(x, arg)| x.size()[..x.dim() - arg.trailing(point).len()].to_vec())
            .collect();
        let wide: Vec<Tensor> = narrow
            .iter()
            .zip(operation.args)
            .map(|(x, arg)| {
                x.expand([&[a, b], arg.trailing(point)].concat(), false)
                    .contiguous()
            })
            .collect();
        let got = (operation.apply)(m, &narrow);
        let want = (operation.apply)(m, &wide);
        let strain = s.strain().max().double_value(&[]);
        got.iter()
            .zip(&want)
            .enumerate()
            .fold(Worst::default(), |worst, (index, (got, want))| {
                // The point of a pair may have the shape that it has without the tangent it carries.
                let full = [&broadcast(&batches), &want.size()[2..]].concat();
                let own = [
                    &broadcast(&batches[..2.min(batches.len())]),
                    &want.size()[2..],
                ]
                .concat();
                let carrier = operation.carries() && index == 0;
                if got.size() != full && !(carrier && got.size() == own) {
                    return broken(operation.name);
                }
                let got = got.expand(want.size(), false);
                let error = size(&(flat(&got, a * b) - flat(want, a * b)), a * b);
                let last = wide
                    .last()
                    .map_or_else(|| size(want, a * b), |x| size(x, a * b));
                worst.or(Worst::of(
                    operation.name,
                    &error,
                    &((size(want, a * b) + last) * strain),
                ))
            })
    }

    /// A sample of shape `[b, ..]`, `[a, 1, ..]` or `[a, b, ..]`.
    fn partly_batched(
        s: &Samples,
        arg: Arg,
        point: &[i64],
        (a, b): (i64, i64),
        rng: &mut Xoshiro256PlusPlus,
    ) -> Tensor {
        let row_shape = [&[b], arg.trailing(point)].concat();
        let ones = vec![1; arg.trailing(point).len()];
        match arg {
            Arg::P | Arg::V => arg.of(s).reshape(row_shape),
            Arg::Q => s.far.reshape(row_shape).narrow(0, 0, a).unsqueeze(1),
            Arg::U => {
                let factors = s.normal(rng, &[&[a, 1], ones.as_slice()].concat());
                s.u.reshape(row_shape) * factors
            }
            Arg::Z => s.normal(rng, &[&[a, 1], point].concat()),
            Arg::T => s.normal(rng, &[a, 1]).sigmoid(),
        }
    }

    /// The common shape of batches that have at most two dimensions.
    fn broadcast(batches: &[Vec<i64>]) -> Vec<i64> {
        let rank = batches.iter().map(Vec::len).max().unwrap_or(0);
        let mut shape = vec![1; rank];
        for batch in batches {
            for (dim, size) in shape.iter_mut().rev().zip(batch.iter().rev()) {
                *dim = (*dim).max(*size);
            }
        }
        shape
    }

    pub(super) fn empty_batch_is_empty<M: ?Sized>(
        m: &M,
        operation: &Operation<M>,
        s: &Samples,
        point: &[i64],
    ) -> Worst {
        let whole = (operation.apply)(m, &operation.arguments(s));
        let empties: [&[i64]; 2] = [&[0], &[2, 0]];
        for empty in empties {
            let arguments: Vec<Tensor> = operation
                .args
                .iter()
                .map(|arg| {
                    Tensor::zeros(
                        [empty, arg.trailing(point)].concat(),
                        (s.p.kind(), s.p.device()),
                    )
                })
                .collect();
            let got = (operation.apply)(m, &arguments);
            let right = got
                .iter()
                .zip(&whole)
                .all(|(got, whole)| got.size() == [empty, &whole.size()[s.batch.len()..]].concat());
            if !right {
                return broken(operation.name);
            }
        }
        Worst::at(operation.name, 0.0)
    }

    pub(super) fn layout_is_irrelevant<M: ?Sized>(
        m: &M,
        operation: &Operation<M>,
        s: &Samples,
        _: &[i64],
    ) -> Worst {
        let arguments = operation.arguments(s);
        let want = (operation.apply)(m, &arguments);
        let layouts: [fn(&Tensor) -> Tensor; 3] = [transposed, strided, offset];
        layouts.iter().fold(Worst::default(), |worst, layout| {
            let laid_out: Vec<Tensor> = arguments.iter().map(layout).collect();
            worst.or(operation.compare(s, &(operation.apply)(m, &laid_out), &want))
        })
    }

    /// The same numbers, first and last dimension exchanged in memory.
    fn transposed(x: &Tensor) -> Tensor {
        if x.dim() < 2 {
            return strided(x);
        }
        x.transpose(0, -1).contiguous().transpose(0, -1)
    }

    /// The same numbers, each followed by a NaN in memory.
    fn strided(x: &Tensor) -> Tensor {
        let gap = x.full_like(f64::NAN);
        Tensor::stack(&[x, &gap], -1).select(-1, 0)
    }

    /// The same numbers in the middle of a larger allocation.
    fn offset(x: &Tensor) -> Tensor {
        let gap = x.full_like(f64::NAN);
        Tensor::stack(&[&gap, x, &gap], 0).get(1)
    }

    pub(super) fn kind_is_kept<M: ?Sized>(
        m: &M,
        operation: &Operation<M>,
        s: &Samples,
        _: &[i64],
    ) -> Worst {
        let results = (operation.apply)(m, &operation.arguments(s));
        let kept = |x: &Tensor| x.kind() == s.p.kind() && x.device() == s.p.device();
        if results.iter().all(kept) {
            Worst::at(operation.name, 0.0)
        } else {
            broken(operation.name)
        }
    }

    pub(super) fn arguments_are_kept<M: ?Sized>(
        m: &M,
        operation: &Operation<M>,
        s: &Samples,
        _: &[i64],
    ) -> Worst {
        let arguments: Vec<Tensor> = operation.arguments(s).iter().map(Tensor::copy).collect();
        let before: Vec<Tensor> = arguments.iter().map(Tensor::copy).collect();
        let _ = (operation.apply)(m, &arguments);
        if arguments
            .iter()
            .zip(&before)
            .all(|(after, before)| after == before)
        {
            Worst::at(operation.name, 0.0)
        } else {
            broken(operation.name)
        }
    }

    pub(super) fn gradients_change_no_value<M: ?Sized>(
        m: &M,
        operation: &Operation<M>,
        s: &Samples,
        _: &[i64],
    ) -> Worst {
        let arguments = operation.arguments(s);
        let without = (operation.apply)(m, &arguments);
        let leaves: Vec<Tensor> = arguments.iter().map(leaf).collect();
        let with = with_grad(|| (operation.apply)(m, &leaves));
        operation.compare(s, &with, &without)
    }

    pub(super) fn single_is_rounded_double<M: ?Sized>(
        m: &M,
        operation: &Operation<M>,
        s: &Samples,
        _: &[i64],
    ) -> Worst {
        // A defect measures the rounding itself.
        if matches!(operation.name, "point_defect" | "tangent_defect") {
            return Worst::default();
        }
        let single = to_kind(&operation.arguments(s), Kind::Float);
        let got = (operation.apply)(m, &single);
        let want = (operation.apply)(m, &to_kind(&single, Kind::Double));
        operation.compare(s, &got, &want)
    }
}

fn broken(operation: &'static str) -> Worst {
    Worst::at(operation, f64::INFINITY)
}
