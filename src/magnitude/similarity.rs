//! Scales, and the similarities at them.

use tch::{Device, Kind, Tensor};

use crate::numerics::compensated::{dot, plus, rounded, sum};
use crate::numerics::rows::{map_rows_of, measure_rows};
use crate::numerics::wide::similarity::{count_below, row_of_similarities};
use crate::{Error, Result};

/// Checks that `t` is a scale.
pub(super) fn check_scale(op: &'static str, t: f64) -> Result<()> {
    if t > 0.0 && t.is_finite() {
        return Ok(());
    }
    Err(Error::invalid(op, "a finite scale t > 0", t))
}

/// The similarities Z = e^(−t d) of points, kept so that their digits survive.
///
/// Where most points are alike, all entries of Z are near 1 and differ in their last digits alone; then
/// e^(−t d) − 1 is kept, which has them all.
pub(super) struct Similarity {
    /// Z − shift, `[n, n]`, f64.
    entries: Tensor,
    /// The same on the CPU, where residuals are summed.
    on_cpu: Tensor,
    /// 1 where Z − 1 is kept, 0 where Z is.
    shift: f64,
}

impl Similarity {
    /// The similarities of checked distances.
    pub(super) fn new(distances: &Tensor, t: f64) -> Self {
        let n = distances.size()[0] as usize;
        let half = std::f64::consts::LN_2 / t;
        let alike = measure_rows([distances], |_, [row]| count_below(half, row));
        let shifted = 2 * alike.iter().sum::<usize>() > n * n;
        let on_cpu = if shifted {
            let exponents = distances.detach().to_device(Device::Cpu);
            (exponents.to_kind(Kind::Double) * -t).expm1_().contiguous()
        } else {
            map_rows_of(distances, |row, out| row_of_similarities(t, row, out))
        };
        Self {
            entries: on_cpu.to_device(distances.device()),
            on_cpu,
            shift: if shifted { 1.0 } else { 0.0 },
        }
    }

    /// How many points there are.
    pub(super) fn len(&self) -> i64 {
        self.entries.size()[0]
    }

    /// Whether Z − 1 is kept.
    pub(super) fn is_shifted(&self) -> bool {
        self.shift != 0.0
    }

    /// Z − 1 or Z, as it is kept.
    pub(super) fn entries(&self) -> &Tensor {
        &self.entries
    }

    /// Z, rounded.
    pub(super) fn matrix(&self) -> Tensor {
        if self.is_shifted() {
            &self.entries + self.shift
        } else {
            self.entries.shallow_clone()
        }
    }

    /// ‖Z‖₁, the largest sum of a row.
    pub(super) fn norm(&self) -> f64 {
        let rows = self.entries.sum_dim_intlist(1, false, Kind::Double);
        (rows + self.shift * self.len() as f64)
            .max()
            .double_value(&[])
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

    /// start − A w for the entries A that are kept, `[n, 1]`, summed in twice the precision.
    pub(super) fn minus_image(&self, weights: &Tensor, start: (f64, f64)) -> Tensor {
        let w = to_vec(weights);
        let left = measure_rows([&self.on_cpu], |_, [row]| {
            let (high, low) = dot(row, &w);
            rounded(plus(start, (-high, -low)))
        });
        Tensor::from_slice(&left)
            .unsqueeze(1)
            .to_device(self.entries.device())
    }
}

/// The numbers of an f64 tensor, in order.
pub(super) fn to_vec(t: &Tensor) -> Vec<f64> {
    let flat = t.detach().to_device(tch::Device::Cpu).contiguous().view(-1);
    let mut numbers = vec![0.0; flat.numel()];
    flat.copy_data(&mut numbers, flat.numel());
    numbers
}
