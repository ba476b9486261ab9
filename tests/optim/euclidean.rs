//! Against the same update written out on plain numbers.

use holonomy::optim::{AdamConfig, RiemannianAdam};
use tch::Tensor;

use super::{dense_step, floats, numbers, table};

/// Adam on one number, as kingma2015 and torch write it.
#[derive(Default, Clone)]
struct ScalarAdam {
    m: f64,
    v: f64,
    largest: f64,
}

impl ScalarAdam {
    fn step(&mut self, x: f64, g: f64, t: i32, config: &AdamConfig) -> f64 {
        let (b1, b2) = (config.beta1, config.beta2);
        self.m += (1.0 - b1) * (g - self.m);
        self.v = b2 * self.v + (1.0 - b2) * g * g;
        self.largest = self.largest.max(self.v);
        let v = if config.amsgrad { self.largest } else { self.v };
        let (c1, c2) = if config.bias_correction {
            (1.0 - b1.powi(t), 1.0 - b2.powi(t))
        } else {
            (1.0, 1.0)
        };
        x - config.learning_rate / c1 * self.m / (v.sqrt() / c2.sqrt() + config.eps)
    }
}

fn worst_difference(config: &AdamConfig) -> f64 {
    let start = numbers(&[7, 3], 1);
    let parameter = table(&start);
    let point = parameter.tensor().shallow_clone();
    let mut optimizer = RiemannianAdam::new(vec![parameter], config.clone()).unwrap();
    let mut xs = floats(&start);
    let mut states = vec![ScalarAdam::default(); xs.len()];
    for t in 1..=40 {
        let gradient: Tensor = point.detach() * 2.0 + numbers(&[7, 3], i64::from(t)) * 3.0;
        dense_step(&mut optimizer, &gradient);
        for ((x, g), state) in xs.iter_mut().zip(floats(&gradient)).zip(&mut states) {
            *x = state.step(*x, g, t, config);
        }
    }
    let pairs = floats(&point).into_iter().zip(xs);
    pairs.map(|(a, b)| (a - b).abs()).fold(0.0, f64::max)
}

#[test]
fn a_table_of_lines_is_adam_number_by_number() {
    let adam = AdamConfig::new(0.05);
    for config in [
        adam.clone(),
        AdamConfig {
            amsgrad: true,
            beta2: 0.7,
            ..adam.clone()
        },
        AdamConfig {
            bias_correction: false,
            ..adam
        },
    ] {
        let worst = worst_difference(&config);
        assert!(worst <= 1e-14, "{config:?}: {worst:e}");
    }
}
