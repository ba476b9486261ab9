//! Patches of an image with their halos.

use std::ops::Range;

use super::Patches;

/// A rectangle of pixels.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Part {
    pub(super) rows: Range<usize>,
    pub(super) columns: Range<usize>,
}

/// A patch and what is solved with it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Window {
    /// The patch with its halo, as far as the image goes.
    pub(super) solved: Part,
    /// The patch.
    kept: Part,
}

/// The windows whose patches cover an image, each pixel once.
pub(super) fn windows(height: usize, width: usize, patches: Option<Patches>) -> Vec<Window> {
    let patches = patches.unwrap_or(Patches {
        size: height.max(width),
        halo: 0,
    });
    let columns = intervals(width, patches);
    let across = |(solved_rows, kept_rows): (Range<usize>, Range<usize>)| {
        columns
            .iter()
            .cloned()
            .map(move |(solved_columns, kept_columns)| Window {
                solved: Part {
                    rows: solved_rows.clone(),
                    columns: solved_columns,
                },
                kept: Part {
                    rows: kept_rows.clone(),
                    columns: kept_columns,
                },
            })
    };
    intervals(height, patches)
        .into_iter()
        .flat_map(across)
        .collect()
}

/// What is solved and what is kept of it, along a side.
fn intervals(length: usize, patches: Patches) -> Vec<(Range<usize>, Range<usize>)> {
    let Patches { size, halo } = patches;
    (0..length)
        .step_by(size)
        .map(|start| {
            let end = start.saturating_add(size).min(length);
            let solved = start.saturating_sub(halo)..end.saturating_add(halo).min(length);
            (solved, start..end)
        })
        .collect()
}

impl Window {
    /// Rows and columns of what is solved.
    pub(super) fn size(&self) -> (usize, usize) {
        (self.solved.rows.len(), self.solved.columns.len())
    }

    /// Copies the patch out of what was solved, into an image of this width.
    pub(super) fn keep(&self, solved: &[f64], image: &mut [f64], width: usize) {
        let Self { solved: from, kept } = self;
        let length = kept.columns.len();
        for row in kept.rows.clone() {
            let first = kept.columns.start - from.columns.start;
            let start = (row - from.rows.start) * from.columns.len() + first;
            let place = row * width + kept.columns.start;
            image[place..][..length].copy_from_slice(&solved[start..][..length]);
        }
    }
}
