//! Schedules by themselves and on an optimiser; `pytorch.rs` compares their values with torch's.

use holonomy::Error;
use holonomy::optim::{ParameterGroup, RiemannianSgd, Schedule, SgdConfig};

use super::{numbers, table};

#[test]
fn stays_at_the_floor() {
    for schedule in [Schedule::cosine(5, 0.25), Schedule::linear(5, 0.25)] {
        let schedule = schedule.unwrap();
        for step in [5, 6, 1_000_000] {
            assert!((schedule.factor(step) - 0.25).abs() < 1e-15, "{schedule:?}");
        }
    }
}

#[test]
fn warm_up_rises_to_1_and_hands_over() {
    let schedule = Schedule::step(2, 0.5).unwrap().with_warm_up(4).unwrap();
    let factors: Vec<f64> = (0..9).map(|step| schedule.factor(step)).collect();
    let expected = [0.25, 0.5, 0.75, 1.0, 1.0, 1.0, 0.5, 0.5, 0.25];
    assert_eq!(factors, expected);
}

#[test]
fn survives_json() {
    let schedule = Schedule::cosine(7, 0.1).unwrap().with_warm_up(3).unwrap();
    let text = serde_json::to_string(&schedule).unwrap();
    assert_eq!(serde_json::from_str::<Schedule>(&text).unwrap(), schedule);
}

#[test]
fn each_group_keeps_its_own_rate() {
    let point = |seed| vec![table(&numbers(&[2], seed))];
    let mut optimizer = RiemannianSgd::plain(point(1), 0.5).unwrap();
    optimizer.add_group(point(2), SgdConfig::new(0.25)).unwrap();
    optimizer.apply_schedule(&Schedule::exponential(0.5).unwrap(), 2);
    let rates = |optimizer: &RiemannianSgd| -> Vec<f64> {
        optimizer
            .groups()
            .iter()
            .map(ParameterGroup::learning_rate)
            .collect()
    };
    assert_eq!(rates(&optimizer), [0.125, 0.0625]);
    optimizer.apply_schedule(&Schedule::constant(), 3);
    assert_eq!(rates(&optimizer), [0.5, 0.25]);
    optimizer.groups_mut()[1].set_learning_rate(2.0).unwrap();
    assert_eq!(rates(&optimizer), [0.5, 2.0]);
    optimizer.set_learning_rate(3.0).unwrap();
    assert_eq!(rates(&optimizer), [3.0, 3.0]);
}

#[test]
fn values_out_of_range_are_refused() {
    let wrong = [
        Schedule::step(0, 0.5),
        Schedule::step(1, 0.0),
        Schedule::step(1, f64::NAN),
        Schedule::exponential(-1.0),
        Schedule::cosine(0, 0.5),
        Schedule::cosine(1, 1.5),
        Schedule::linear(0, 0.5),
        Schedule::linear(1, -0.5),
        Schedule::constant().with_warm_up(0),
    ];
    for schedule in wrong {
        assert!(matches!(schedule, Err(Error::InvalidArgument { .. })));
    }
}
