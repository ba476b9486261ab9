//! Points at distance 0 of each other, which count as one.

use tch::{Kind, Tensor};

use super::components::among;
use super::to_vec;
use crate::manifold::tolerance;
use crate::numerics::rows::measure_rows;
use crate::numerics::wide::similarity::count_zeros;
use crate::{Error, Result};

/// Units in the last place of the largest distance by which equal distances may differ.
const ROUNDINGS: f64 = 4.0;

/// The classes of points at distance 0.
#[derive(Debug)]
pub(in crate::magnitude) struct Classes {
    /// The first point of each class, `[classes]`.
    representatives: Tensor,
    /// The class of each point, `[n]`.
    labels: Tensor,
    /// How many points the class of each point has, `[n]`, f64.
    sizes: Tensor,
}

impl Classes {
    /// The classes of checked distances; `None` where all points differ.
    ///
    /// # Errors
    ///
    /// [`Error::InvalidArgument`] where points of one class are at different distances from a third.
    pub(in crate::magnitude) fn of(op: &'static str, distances: &Tensor) -> Result<Option<Self>> {
        let distances = distances.detach();
        let zeros = measure_rows([&distances], |_, [row]| count_zeros(row));
        if zeros.iter().all(|&zeros| zeros == 1) {
            return Ok(None);
        }
        Self::of_coinciding(op, &distances).map(Some)
    }

    /// The classes of checked distances of which some are 0 between points.
    ///
    /// # Errors
    ///
    /// Those of [`of`](Self::of).
    pub(in crate::magnitude) fn of_coinciding(
        op: &'static str,
        distances: &Tensor,
    ) -> Result<Self> {
        let n = distances.size()[0] as usize;
        // Distance 0 is transitive (checked below), so a point's class is that of the first 0 of its row.
        let first = distances.eq(0.0).to_kind(Kind::Int).argmax(1, false);
        let first =
            Vec::<i64>::try_from(first.view(-1)).map_err(|source| Error::Torch { op, source })?;
        let mut representatives = Vec::new();
        let mut labels = vec![0; n];
        let mut counts = Vec::new();
        for (point, &first) in first.iter().enumerate() {
            if first == point as i64 {
                labels[point] = representatives.len() as i64;
                representatives.push(first);
                counts.push(0.0);
            } else {
                labels[point] = labels[first as usize];
            }
            counts[labels[point] as usize] += 1.0;
        }
        let sizes: Vec<f64> = labels.iter().map(|&label| counts[label as usize]).collect();
        let device = distances.device();
        let classes = Self {
            representatives: Tensor::from_slice(&representatives).to_device(device),
            labels: Tensor::from_slice(&labels).to_device(device),
            sizes: Tensor::from_slice(&sizes).to_device(device),
        };
        classes.check(op, distances)?;
        Ok(classes)
    }

    /// Whether the rows of a class are 0 at the same places, and the same elsewhere but for rounding: of
    /// each distance, and of the largest.
    fn check(&self, op: &'static str, distances: &Tensor) -> Result<()> {
        let kind = distances.kind();
        let known = distances.masked_fill(&distances.isinf(), 0.0);
        let epsilon = match kind {
            Kind::Double => f64::EPSILON,
            _ => f64::from(f32::EPSILON),
        };
        let roundings = ROUNDINGS * epsilon * known.max().double_value(&[]);
        let of_class = self.representatives.index_select(0, &self.labels);
        let expected = distances.index_select(0, &of_class);
        let allowed = expected.maximum(distances) * tolerance(kind) + roundings;
        let one_infinite = expected.isinf().logical_xor(&distances.isinf());
        let one_zero = expected.eq(0.0).logical_xor(&distances.eq(0.0));
        let bad = (&expected - distances)
            .abs()
            .gt_tensor(&allowed)
            .logical_or(&one_infinite)
            .logical_or(&one_zero)
            .nonzero();
        if bad.size()[0] == 0 {
            return Ok(());
        }
        let (x, z) = (bad.int64_value(&[0, 0]), bad.int64_value(&[0, 1]));
        let y = of_class.int64_value(&[x]);
        let got = format!(
            "0 at ({y}, {x}), but {} at ({y}, {z}) and {} at ({x}, {z})",
            distances.double_value(&[y, z]),
            distances.double_value(&[x, z]),
        );
        let wanted = "points at distance 0 that are equally far from every other";
        Err(Error::invalid(op, wanted, got))
    }

    /// The first point of a class.
    pub(in crate::magnitude) fn point(&self, class: usize) -> i64 {
        self.representatives.int64_value(&[class as i64])
    }

    /// The first point of each class.
    pub(in crate::magnitude) fn representatives(&self) -> Vec<usize> {
        to_vec(&self.representatives.to_kind(Kind::Double))
            .into_iter()
            .map(|point| point as usize)
            .collect()
    }

    /// The first point of the class of each point, `[n]`.
    pub(in crate::magnitude) fn first_of_each(&self) -> Tensor {
        self.for_each_point(&self.representatives)
    }

    /// What each class has, for each of its points: `[n]` of `[classes]`.
    pub(in crate::magnitude) fn for_each_point(&self, of_classes: &Tensor) -> Tensor {
        of_classes.index_select(0, &self.labels)
    }

    /// The distances of one point of each class.
    pub(in crate::magnitude) fn distinct(&self, distances: &Tensor) -> Tensor {
        among(distances, &self.representatives)
    }

    /// The distances of the classes in f64, each the mean over its points, so that gradients reach them
    /// all.
    pub(in crate::magnitude) fn averaged(&self, distances: &Tensor) -> Tensor {
        let n = self.labels.size()[0];
        let classes = self.representatives.size()[0];
        let distances = distances.to_kind(Kind::Double);
        let options = (Kind::Double, distances.device());
        let sizes = self.counts();
        let rows = Tensor::zeros([classes, n], options).index_add(0, &self.labels, &distances)
            / sizes.unsqueeze(1);
        Tensor::zeros([classes, classes], options).index_add(1, &self.labels, &rows) / sizes
    }

    /// Weights `[classes]`, shared equally among the points of each class: `[n]`.
    pub(in crate::magnitude) fn share(&self, weights: &Tensor) -> Tensor {
        self.for_each_point(weights) / &self.sizes
    }

    /// The columns of one point of each class, of distances `[m, n]`.
    pub(in crate::magnitude) fn columns(&self, distances: &Tensor) -> Tensor {
        distances.index_select(1, &self.representatives)
    }

    /// How many points each class has, `[classes]`, f64.
    pub(in crate::magnitude) fn counts(&self) -> Tensor {
        self.sizes.index_select(0, &self.representatives)
    }

    /// A value `[classes]` for each point, `[n]`: 0 where the class has several.
    pub(in crate::magnitude) fn only_of_single(&self, values: &Tensor) -> Tensor {
        self.for_each_point(values)
            .masked_fill(&self.sizes.gt(1.0), 0.0)
    }
}

/// The points that coincide with earlier ones.
pub(in crate::magnitude) struct Labels {
    /// The first point of each class, `[classes]`.
    kept: Vec<i64>,
    /// The class of each point, `[n]`.
    class: Vec<i64>,
}

impl Labels {
    /// Of each point's first that coincides with it, which may be itself; `None` where all points differ.
    pub(in crate::magnitude) fn new(first: &[usize]) -> Option<Self> {
        let mut labels = Self {
            kept: Vec::new(),
            class: Vec::with_capacity(first.len()),
        };
        for (point, &first) in first.iter().enumerate() {
            if first == point {
                labels.class.push(labels.kept.len() as i64);
                labels.kept.push(point as i64);
            } else {
                labels.class.push(labels.class[first]);
            }
        }
        (labels.kept.len() < first.len()).then_some(labels)
    }

    /// The first point of a class.
    pub(in crate::magnitude) fn point(&self, class: usize) -> i64 {
        self.kept[class]
    }

    /// The points `[n, ..]` that differ, `[classes, ..]`.
    pub(in crate::magnitude) fn kept(&self, points: &Tensor) -> Tensor {
        points.index_select(
            0,
            &Tensor::from_slice(&self.kept).to_device(points.device()),
        )
    }

    /// Weights `[classes]`, shared equally among the points of each class: `[n]`.
    pub(in crate::magnitude) fn share(&self, weights: &Tensor) -> Tensor {
        let mut sizes = vec![0.0; self.kept.len()];
        for &class in &self.class {
            sizes[class as usize] += 1.0;
        }
        let sizes = Tensor::from_slice(&sizes).to_device(weights.device());
        let class = Tensor::from_slice(&self.class).to_device(weights.device());
        (weights / sizes).index_select(0, &class)
    }
}
