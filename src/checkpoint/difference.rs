//! In what two settings differ.

use std::collections::BTreeSet;
use std::fmt;

use serde_json::Value;

/// A part of a setting that differs from the checkpoint; see [`Checkpoint::difference`](super::Checkpoint::difference).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Difference {
    /// The part, such as `config.schedule` or `seeds[2]`.
    pub setting: String,
    /// Its value in the checkpoint, as JSON; `nothing` where it has none.
    pub stored: String,
    /// The value that it was compared with.
    pub given: String,
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} is {} in the checkpoint and {} now",
            self.setting, self.stored, self.given
        )
    }
}

pub(super) fn first_difference(setting: &str, stored: &Value, given: &Value) -> Option<Difference> {
    match (stored, given) {
        (Value::Object(stored), Value::Object(given)) => {
            let names: BTreeSet<&String> = stored.keys().chain(given.keys()).collect();
            names.into_iter().find_map(|name| {
                let setting = format!("{setting}.{name}");
                differing_part(&setting, stored.get(name), given.get(name))
            })
        }
        (Value::Array(stored), Value::Array(given)) if stored.len() == given.len() => stored
            .iter()
            .zip(given)
            .enumerate()
            .find_map(|(index, (stored, given))| {
                first_difference(&format!("{setting}[{index}]"), stored, given)
            }),
        _ if stored == given => None,
        _ => Some(difference(setting, Some(stored), Some(given))),
    }
}

fn differing_part(
    setting: &str,
    stored: Option<&Value>,
    given: Option<&Value>,
) -> Option<Difference> {
    match (stored, given) {
        (Some(stored), Some(given)) => first_difference(setting, stored, given),
        _ => Some(difference(setting, stored, given)),
    }
}

fn difference(setting: &str, stored: Option<&Value>, given: Option<&Value>) -> Difference {
    let text = |value: Option<&Value>| value.map_or_else(|| "nothing".into(), Value::to_string);
    Difference {
        setting: setting.to_owned(),
        stored: text(stored),
        given: text(given),
    }
}
