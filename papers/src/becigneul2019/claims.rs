//! The paper's claims, one by one, against our figures.

use std::fmt;

use serde::Serialize;

use super::choice::{Figures, Reached, mean};
use super::method::{Map, Method, Rule};

/// What the seeds say of a claim.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Verdict {
    Holds,
    DoesNotHold,
    /// The seeds do not decide it.
    WithinSeedNoise,
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Holds => "holds",
            Self::DoesNotHold => "does not hold",
            Self::WithinSeedNoise => "within seed noise",
        })
    }
}

/// A claim with what was found.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(crate) struct Checked {
    pub(crate) statement: String,
    pub(crate) verdict: Verdict,
    /// The figures that decide it.
    pub(crate) figures: String,
}

/// Which of two is larger, seed by seed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Order {
    Larger,
    Smaller,
    /// Not the same in all seeds, or by less than twice the standard error of the mean difference.
    Unclear,
}

/// Compares `a` and `b`, which belong together pair by pair: each seed has its own held-out pairs,
/// initial points and order. One seed alone decides nothing.
fn compare(a: &[f64], b: &[f64]) -> Order {
    let differences: Vec<f64> = a.iter().zip(b).map(|(a, b)| a - b).collect();
    let count = differences.len() as f64;
    let middle = mean(&differences);
    let squares: f64 = differences.iter().map(|d| (d - middle).powi(2)).sum();
    let standard_error = (squares / (count - 1.0) / count).sqrt();
    // False for the NaN of a single seed.
    let clear = middle.abs() >= 2.0 * standard_error;
    if clear && differences.iter().all(|&d| d > 0.0) {
        Order::Larger
    } else if clear && differences.iter().all(|&d| d < 0.0) {
        Order::Smaller
    } else {
        Order::Unclear
    }
}

/// A figure, and which way is better.
#[derive(Clone, Copy)]
struct Measure {
    name: &'static str,
    figure: fn(&Figures) -> f64,
    better: Order,
}

const LOSS: Measure = Measure {
    name: "training loss",
    figure: |f| f.loss,
    better: Order::Smaller,
};
const TRAIN: Measure = Measure {
    name: "MAP on the training pairs",
    figure: |f| f.train_map,
    better: Order::Larger,
};
const HELD_OUT: Measure = Measure {
    name: "MAP on the held-out pairs",
    figure: |f| f.held_out_map,
    better: Order::Larger,
};
const ON_THE_WAY: Measure = Measure {
    name: "held-out MAP, mean over the epochs",
    figure: |f| f.held_out_map_on_the_way,
    better: Order::Larger,
};

impl Measure {
    /// Whether `a` is better than `b`: holds, the reverse, or unclear.
    fn better(self, a: &Reached, b: &Reached) -> Verdict {
        match compare(&a.all(self.figure), &b.all(self.figure)) {
            Order::Unclear => Verdict::WithinSeedNoise,
            order if order == self.better => Verdict::Holds,
            _ => Verdict::DoesNotHold,
        }
    }

    /// `name rate: mean ± standard deviation`.
    fn text(self, reached: &Reached) -> String {
        let values = reached.all(self.figure);
        let middle = mean(&values);
        let squares: f64 = values.iter().map(|v| (v - middle).powi(2)).sum();
        let spread = match values.len() {
            1 => String::new(),
            n => format!(" ± {:.4}", (squares / (n as f64 - 1.0)).sqrt()),
        };
        format!(
            "{} ({}) {middle:.4}{spread}",
            reached.method.rule, reached.rate
        )
    }
}

/// The best rate of each method.
struct Best<'a>(&'a [&'a Reached]);

impl Best<'_> {
    fn of(&self, map: Map, rule: Rule) -> Option<&Reached> {
        let method = Method { map, rule };
        self.0.iter().copied().find(|best| best.method == method)
    }

    /// That `rule` beats the best of all others in a measure.
    fn is_best(&self, map: Map, rule: Rule, measure: Measure, statement: &str) -> Option<Checked> {
        let one = self.of(map, rule)?;
        let others = self.others(map, rule);
        let verdicts = others.iter().map(|other| measure.better(one, other));
        Some(Checked {
            statement: statement.into(),
            verdict: weakest(verdicts)?,
            figures: figures(map, measure, std::iter::once(one).chain(others)),
        })
    }

    /// That `rule` is the worst of all in a measure.
    fn is_worst(&self, map: Map, rule: Rule, measure: Measure, statement: &str) -> Option<Checked> {
        let one = self.of(map, rule)?;
        let others = self.others(map, rule);
        let verdicts = others.iter().map(|other| measure.better(other, one));
        Some(Checked {
            statement: statement.into(),
            verdict: weakest(verdicts)?,
            figures: figures(map, measure, std::iter::once(one).chain(others)),
        })
    }

    /// That two rules differ by no more than the seeds do.
    fn are_equal(
        &self,
        map: Map,
        rules: [Rule; 2],
        measure: Measure,
        statement: &str,
    ) -> Option<Checked> {
        let [a, b] = [self.of(map, rules[0])?, self.of(map, rules[1])?];
        Some(Checked {
            statement: statement.into(),
            verdict: match measure.better(a, b) {
                Verdict::WithinSeedNoise if a.results.len() > 1 => Verdict::Holds,
                Verdict::WithinSeedNoise => Verdict::WithinSeedNoise,
                _ => Verdict::DoesNotHold,
            },
            figures: figures(map, measure, [a, b]),
        })
    }

    /// That the retraction is better than the exponential map, for one rule.
    fn retraction_is_better(&self, rule: Rule, measure: Measure) -> Option<Checked> {
        let [exp, retraction] = [self.of(Map::Exp, rule)?, self.of(Map::Retraction, rule)?];
        Some(Checked {
            statement: format!(
                "{rule}: the retraction reaches a lower {} than exp",
                measure.name
            ),
            verdict: measure.better(retraction, exp),
            figures: format!(
                "retraction {}; exp {}",
                measure.text(retraction),
                measure.text(exp)
            ),
        })
    }

    fn others(&self, map: Map, rule: Rule) -> Vec<&Reached> {
        let same_map = self.0.iter().copied().filter(|best| best.method.map == map);
        same_map.filter(|best| best.method.rule != rule).collect()
    }
}

/// All parts of a claim together: it holds when all do, and does not when one does not.
fn weakest(verdicts: impl Iterator<Item = Verdict>) -> Option<Verdict> {
    verdicts.max_by_key(|verdict| match verdict {
        Verdict::Holds => 0,
        Verdict::WithinSeedNoise => 1,
        Verdict::DoesNotHold => 2,
    })
}

fn figures<'a>(
    map: Map,
    measure: Measure,
    reached: impl IntoIterator<Item = &'a Reached>,
) -> String {
    let texts: Vec<String> = reached.into_iter().map(|r| measure.text(r)).collect();
    format!("{map}, {}: {}", measure.name, texts.join(", "))
}

/// The paper's claims on the best rates that there are.
pub(crate) fn check(best: &[&Reached]) -> Vec<Checked> {
    use Map::{Exp, Retraction};
    use Rule::{Radagrad, Radam, Ramsgrad, Rsgd};
    let best = Best(best);
    let mut checked = Vec::new();
    for map in [Exp, Retraction] {
        let statement = format!("{map}: RADAM reaches the lowest training loss");
        checked.extend(best.is_best(map, Radam, LOSS, &statement));
    }
    for (measure, what) in [(TRAIN, "reconstruction"), (HELD_OUT, "link prediction")] {
        let statement = format!("exp: RADAM has the highest MAP in {what}");
        checked.extend(best.is_best(Exp, Radam, measure, &statement));
        let statement = format!("retraction: RADAM is on par with RSGD in MAP, {what}");
        checked.extend(best.are_equal(Retraction, [Radam, Rsgd], measure, &statement));
    }
    for rule in [Rsgd, Radam, Ramsgrad, Radagrad] {
        checked.extend(best.retraction_is_better(rule, LOSS));
    }
    let statement = "retraction: RAMSGRAD's MAP in link prediction rises fastest";
    checked.extend(best.is_best(Retraction, Ramsgrad, ON_THE_WAY, statement));
    for map in [Exp, Retraction] {
        let statement = format!("{map}: RADAGRAD is the worst of the adaptive methods and RSGD");
        checked.extend(best.is_worst(map, Radagrad, LOSS, &statement));
    }
    checked
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_difference_counts_when_all_seeds_agree_and_it_exceeds_their_spread() {
        for (a, b, order) in [
            (&[2.0, 3.0, 4.0][..], &[1.0, 2.1, 2.9][..], Order::Larger),
            (&[1.0, 2.1, 2.9], &[2.0, 3.0, 4.0], Order::Smaller),
            (&[2.0, 3.0, 1.0], &[1.0, 2.0, 1.1], Order::Unclear),
            (&[1.01, 1.01, 9.0], &[1.0, 1.0, 1.0], Order::Unclear),
            (&[1.0, 1.0], &[1.0, 1.0], Order::Unclear),
            (&[2.0, f64::NAN], &[1.0, 1.0], Order::Unclear),
            (&[2.0], &[1.0], Order::Unclear),
        ] {
            assert_eq!(compare(a, b), order, "{a:?} {b:?}");
        }
    }

    /// A method whose loss is as given and whose MAPs are 1 − loss, with three close seeds.
    fn at(map: Map, rule: Rule, loss: f64) -> Reached {
        let figures = |shift: f64| Figures {
            loss: loss + shift,
            train_map: 1.0 - loss - shift,
            held_out_map: 1.0 - loss - shift,
            held_out_map_on_the_way: 1.0 - loss - shift,
        };
        Reached {
            method: Method { map, rule },
            rate: 0.1,
            results: [0.0, 0.01, 0.02].map(figures).to_vec(),
        }
    }

    fn verdicts(losses: &[(Map, Rule, f64)]) -> Vec<(String, Verdict)> {
        let reached: Vec<Reached> = losses.iter().map(|&(m, r, l)| at(m, r, l)).collect();
        let best: Vec<&Reached> = reached.iter().collect();
        let checked = check(&best).into_iter();
        checked.map(|c| (c.statement, c.verdict)).collect()
    }

    #[test]
    fn each_claim_follows_from_the_figures() {
        use Map::{Exp, Retraction};
        use Rule::{Radagrad, Radam, Ramsgrad, Rsgd};
        let verdicts = verdicts(&[
            (Exp, Rsgd, 0.4),
            (Exp, Radam, 0.2),
            (Exp, Ramsgrad, 0.3),
            (Exp, Radagrad, 0.5),
            (Retraction, Rsgd, 0.3),
            (Retraction, Radam, 0.3),
            (Retraction, Ramsgrad, 0.1),
            (Retraction, Radagrad, 0.6),
        ]);
        let of = |part: &str| {
            let found = verdicts
                .iter()
                .find(|(statement, _)| statement.contains(part));
            found.unwrap().1
        };
        assert_eq!(of("exp: RADAM reaches the lowest"), Verdict::Holds);
        assert_eq!(
            of("retraction: RADAM reaches the lowest"),
            Verdict::DoesNotHold
        );
        assert_eq!(of("exp: RADAM has the highest MAP in link"), Verdict::Holds);
        assert_eq!(of("on par with RSGD in MAP, recon"), Verdict::Holds);
        assert_eq!(of("RSGD: the retraction"), Verdict::Holds);
        assert_eq!(of("RADAM: the retraction"), Verdict::DoesNotHold);
        assert_eq!(of("RADAGRAD: the retraction"), Verdict::DoesNotHold);
        assert_eq!(of("rises fastest"), Verdict::Holds);
        assert_eq!(of("exp: RADAGRAD is the worst"), Verdict::Holds);
        assert_eq!(verdicts.len(), 13);
    }

    #[test]
    fn methods_that_are_missing_are_not_judged() {
        assert!(verdicts(&[(Map::Exp, Rule::Radam, 0.1)]).is_empty());
        assert_eq!(weakest(std::iter::empty()), None);
    }
}
