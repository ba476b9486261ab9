//! Scales, and the similarities at them.

pub(super) mod components;
pub(super) mod derivative;
pub(super) mod distinct;
pub(super) mod duplicates;

use std::cell::OnceCell;

use tch::{Device, Kind, Tensor};

use crate::numerics::cholesky::{Cholesky, Number};
use crate::numerics::compensated::{dot, plus, rounded, sum};
use crate::numerics::rows::{map_rows_of, measure_rows, with_rows};
use crate::numerics::wide::similarity::{count_below, image_of_similarities, row_of_similarities};
use crate::{Error, Result};

/// Checks that `t` is a scale.
pub(super) fn check_scale(op: &'static str, t: f64) -> Result<()> {
    if t > 0.0 && t.is_finite() {
        return Ok(());
    }
    Err(Error::invalid(op, "a finite scale t > 0", t))
}

/// The similarities Z = e^(−t d) of points, in a form in which their digits survive.
///
/// Where most points are alike, all entries of Z are near 1 and differ in their last digits alone; then
/// e^(−t d) − 1 is used, which has them all.
pub(super) struct Similarity {
    /// On the CPU, f64.
    distances: Tensor,
    t: f64,
    device: Device,
    /// 1 where Z − 1 is used, 0 where Z is.
    shift: f64,
    /// Z − shift, on the CPU; Cholesky's method by panels and the residuals of Z do without.
    on_cpu: OnceCell<Tensor>,
    /// The same on the device of the distances.
    entries: OnceCell<Tensor>,
    /// ‖Z‖₁
    norm: OnceCell<f64>,
}

impl Similarity {
    /// The similarities of checked distances.
    pub(super) fn new(distances: &Tensor, t: f64) -> Self {
        let device = distances.device();
        let distances = (distances.detach().to_device(Device::Cpu)).to_kind(Kind::Double);
        let n = distances.size()[0] as usize;
        let half = std::f64::consts::LN_2 / t;
        let alike = measure_rows([&distances], |_, [row]| count_below(half, row));
        let shifted = 2 * alike.iter().sum::<usize>() > n * n;
        Self {
            distances: distances.contiguous(),
            t,
            device,
            shift: if shifted { 1.0 } else { 0.0 },
            on_cpu: OnceCell::new(),
            entries: OnceCell::new(),
            norm: OnceCell::new(),
        }
    }

    /// How many points there are.
    pub(super) fn len(&self) -> i64 {
        self.distances.size()[0]
    }

    /// The device of the distances.
    pub(super) fn device(&self) -> Device {
        self.device
    }

    /// Whether Z − 1 is used.
    pub(super) fn is_shifted(&self) -> bool {
        self.shift != 0.0
    }

    /// Z − 1 or Z, whichever is used, `[n, n]`, f64.
    pub(super) fn entries(&self) -> &Tensor {
        self.entries
            .get_or_init(|| self.on_cpu().to_device(self.device))
    }

    fn on_cpu(&self) -> &Tensor {
        self.on_cpu.get_or_init(|| {
            if self.is_shifted() {
                (&self.distances * -self.t).expm1_()
            } else {
                let t = self.t;
                map_rows_of(&self.distances, |row, out| {
                    row_of_similarities(t, row, out);
                })
            }
        })
    }

    /// Z, rounded.
    pub(super) fn matrix(&self) -> Tensor {
        if self.is_shifted() {
            self.entries() + self.shift
        } else {
            self.entries().shallow_clone()
        }
    }

    /// The factor of Z by panels, from entries that are not kept, or the pivot, counted from 1, that is not positive.
    pub(super) fn by_panels<T: Number<W>, const W: usize>(
        &self,
    ) -> std::result::Result<Cholesky<T, W>, i64> {
        let t = self.t;
        let factor = with_rows(&self.distances, |rows| {
            Cholesky::new(rows.len(), |row, columns, out| {
                row_of_similarities(t, &rows[row][columns], out);
            })
        });
        factor.map_err(|pivot| pivot as i64)
    }

    /// ‖Z‖₁, the largest sum of a row.
    pub(super) fn norm(&self) -> f64 {
        *self.norm.get_or_init(|| {
            if self.is_shifted() {
                let rows = self.entries().sum_dim_intlist(1, false, Kind::Double);
                (rows + self.shift * self.len() as f64)
                    .max()
                    .double_value(&[])
            } else {
                self.image(&vec![0.0; self.len() as usize]).1
            }
        })
    }

    /// 1 − Z w, `[n, 1]` for w of that shape, summed in twice the precision.
    pub(super) fn residual(&self, weights: &Tensor) -> Tensor {
        let total = if self.is_shifted() {
            sum(&to_vec(weights))
        } else {
            (0.0, 0.0)
        };
        self.minus_image(weights, plus((1.0, 0.0), (-total.0, -total.1)))
    }

    /// start − A w for the entries A that are used, `[n, 1]`, summed in twice the precision.
    pub(super) fn minus_image(&self, weights: &Tensor, start: (f64, f64)) -> Tensor {
        let w = to_vec(weights);
        let image = if self.is_shifted() {
            measure_rows([self.on_cpu()], |_, [row]| dot(row, &w))
        } else {
            let (image, norm) = self.image(&w);
            // Computed on the way; the same every time.
            self.norm.get_or_init(|| norm);
            image
        };
        let left: Vec<f64> = (image.into_iter())
            .map(|(high, low)| rounded(plus(start, (-high, -low))))
            .collect();
        Tensor::from_slice(&left)
            .unsqueeze(1)
            .to_device(self.device)
    }

    /// Z w in twice the precision, with entries that are not kept: to compute them takes no longer than to read them from
    /// memory; and ‖Z‖₁.
    fn image(&self, weights: &[f64]) -> (Vec<(f64, f64)>, f64) {
        let t = self.t;
        let rows = measure_rows([&self.distances], |_, [row]| {
            image_of_similarities(t, row, weights)
        });
        let norm = rows.iter().fold(0.0, |norm: f64, (_, sum)| norm.max(*sum));
        (rows.into_iter().map(|(image, _)| image).collect(), norm)
    }
}

/// The numbers of an f64 tensor, in order.
pub(super) fn to_vec(t: &Tensor) -> Vec<f64> {
    let flat = t.detach().to_device(tch::Device::Cpu).contiguous().view(-1);
    let mut numbers = vec![0.0; flat.numel()];
    flat.copy_data(&mut numbers, flat.numel());
    numbers
}
