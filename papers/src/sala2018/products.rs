use holonomy::Result;

use super::Findings;
use super::options::Settings;

pub(super) fn run(_: &Settings) -> Result<Findings> {
    todo!("products")
}
