//! Where labels go: near their points, on little ink, never on each other.

use super::arcs::{Vec2, length, sub};

/// An upright rectangle: left, top, right, bottom.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Rect(
    pub(super) f64,
    pub(super) f64,
    pub(super) f64,
    pub(super) f64,
);

impl Rect {
    pub(super) fn grown(self, by: f64) -> Self {
        Self(self.0 - by, self.1 - by, self.2 + by, self.3 + by)
    }

    pub(super) fn overlaps(self, other: Self) -> bool {
        self.0 < other.2 && other.0 < self.2 && self.1 < other.3 && other.1 < self.3
    }

    pub(super) fn inside(self, other: Self) -> bool {
        self.0 >= other.0 && self.1 >= other.1 && self.2 <= other.2 && self.3 <= other.3
    }

    /// The point of the rectangle nearest to `p`.
    pub(super) fn nearest(self, p: Vec2) -> Vec2 {
        [p[0].clamp(self.0, self.2), p[1].clamp(self.1, self.3)]
    }

    fn meets_segment(self, a: Vec2, b: Vec2) -> bool {
        // Clips the segment's parameter range by the four sides.
        let d = sub(b, a);
        let (mut low, mut high) = (0.0f64, 1.0f64);
        for (start, step, least, most) in
            [(a[0], d[0], self.0, self.2), (a[1], d[1], self.1, self.3)]
        {
            if step == 0.0 {
                if start < least || start > most {
                    return false;
                }
                continue;
            }
            let (t, u) = ((least - start) / step, (most - start) / step);
            low = low.max(t.min(u));
            high = high.min(t.max(u));
        }
        low <= high
    }
}

/// A label to be placed: its point, the radius of the dot there, and the size of its text.
#[derive(Debug, Clone, Copy)]
pub(super) struct Tag {
    pub(super) at: Vec2,
    pub(super) dot: f64,
    pub(super) size: Vec2,
}

impl Tag {
    /// The line from the dot to a label at `place`, or `None` where they are neighbours.
    pub(super) fn leader(&self, place: Rect) -> Option<(Vec2, Vec2)> {
        let end = place.nearest(self.at);
        let gap = length(sub(end, self.at)) - self.dot;
        if gap <= 0.5 * self.size[1] {
            return None;
        }
        let t = (self.dot + 1.0) / (gap + self.dot);
        let start = [
            self.at[0] + t * (end[0] - self.at[0]),
            self.at[1] + t * (end[1] - self.at[1]),
        ];
        Some((start, end))
    }

    fn dot_box(&self) -> Rect {
        Rect(self.at[0], self.at[1], self.at[0], self.at[1]).grown(self.dot + 1.0)
    }
}

/// How much is drawn where: a grid of ink with sums over rectangles.
#[derive(Debug)]
pub(super) struct Ink {
    columns: usize,
    rows: usize,
    cells: Vec<f64>,
}

impl Ink {
    const CELL: f64 = 4.0;

    pub(super) fn new(width: f64, height: f64) -> Self {
        let (columns, rows) = (
            (width / Self::CELL).ceil() as usize,
            (height / Self::CELL).ceil() as usize,
        );
        Self {
            columns,
            rows,
            cells: vec![0.0; columns * rows],
        }
    }

    /// Adds `amount` of ink at a point; nothing outside the picture.
    pub(super) fn add(&mut self, at: Vec2, amount: f64) {
        let (x, y) = (at[0] / Self::CELL, at[1] / Self::CELL);
        if x >= 0.0 && y >= 0.0 && x < self.columns as f64 && y < self.rows as f64 {
            self.cells[y as usize * self.columns + x as usize] += amount;
        }
    }

    /// Adds a line of the given amount of ink per pixel.
    pub(super) fn add_line(&mut self, points: &[Vec2], per_pixel: f64) {
        for pair in points.windows(2) {
            let step = sub(pair[1], pair[0]);
            let pieces = (length(step) / Self::CELL).ceil().max(1.0);
            for i in 0..pieces as usize {
                let t = (i as f64 + 0.5) / pieces;
                let at = [pair[0][0] + t * step[0], pair[0][1] + t * step[1]];
                self.add(at, per_pixel * length(step) / pieces);
            }
        }
    }

    /// The ink under a rectangle, where no cell counts more than its area.
    fn under(&self, place: Rect) -> f64 {
        let cell = |x: f64, most: usize| ((x / Self::CELL).max(0.0) as usize).min(most);
        let (left, right) = (
            cell(place.0, self.columns - 1),
            cell(place.2, self.columns - 1),
        );
        let (top, bottom) = (cell(place.1, self.rows - 1), cell(place.3, self.rows - 1));
        (top..=bottom)
            .flat_map(|y| &self.cells[y * self.columns + left..=y * self.columns + right])
            .map(|ink| ink.min(Self::CELL * Self::CELL))
            .sum()
    }
}

/// The cost of a leader that runs below another label, where covering a label's
/// whole area with ink costs 4: a last resort in a crowd.
const LEADER_UNDER_LABEL: f64 = 30.0;

/// A place for each tag, inside `frame`, on no other label, labelled dot or `reserved` rectangle;
/// or the index of a tag for which there is no room.
///
/// Tags are placed in order, each at its cheapest place; then each moves again while that helps.
pub(super) fn place(
    tags: &[Tag],
    frame: Rect,
    reserved: &[Rect],
    ink: &Ink,
) -> Result<Vec<Rect>, usize> {
    const SWEEPS: usize = 6;
    let mut placed: Vec<Option<Rect>> = vec![None; tags.len()];
    for sweep in 0..SWEEPS {
        let before = placed.clone();
        for i in 0..tags.len() {
            let search = Search {
                tags,
                frame,
                reserved,
                ink,
                placed: &placed,
                mover: i,
            };
            match search.best() {
                Some(place) => placed[i] = Some(place),
                None if sweep == 0 => return Err(i),
                None => {}
            }
        }
        if placed == before {
            break;
        }
    }
    Ok(placed.into_iter().flatten().collect())
}

/// One label looks for its place while all others stand.
struct Search<'a> {
    tags: &'a [Tag],
    frame: Rect,
    reserved: &'a [Rect],
    ink: &'a Ink,
    placed: &'a [Option<Rect>],
    mover: usize,
}

impl Search<'_> {
    fn best(&self) -> Option<Rect> {
        let cheapest = |candidates: Vec<Rect>| {
            candidates
                .into_iter()
                .filter(|&place| self.is_free(place))
                .map(|place| (self.cost(place), place))
                .min_by(|a, b| a.0.total_cmp(&b.0))
                .map(|(_, place)| place)
        };
        cheapest(self.around()).or_else(|| cheapest(self.everywhere()))
    }

    /// Places in many directions at growing distances.
    fn around(&self) -> Vec<Rect> {
        const DIRECTIONS: u32 = 32;
        const DISTANCES: [f64; 15] = [
            0.0, 0.25, 0.6, 1.0, 1.5, 2.2, 3.0, 4.0, 5.0, 6.5, 8.0, 10.0, 12.5, 15.0, 18.0,
        ];
        let tag = self.tags[self.mover];
        let [w, h] = tag.size;
        let mut places = Vec::new();
        for distance in DISTANCES {
            let reach = tag.dot + 2.5 + distance * h;
            for i in 0..DIRECTIONS {
                let (s, c) =
                    (f64::from(i) * std::f64::consts::TAU / f64::from(DIRECTIONS)).sin_cos();
                // The label leans on the side that looks away from the dot.
                let lean = |x: f64| (x * 1.5).clamp(-1.0, 1.0) / 2.0;
                let center = [
                    tag.at[0] + reach * c + lean(c) * w,
                    tag.at[1] + reach * s + lean(s) * h,
                ];
                places.push(Rect(
                    center[0] - w / 2.0,
                    center[1] - h / 2.0,
                    center[0] + w / 2.0,
                    center[1] + h / 2.0,
                ));
            }
        }
        places
    }

    /// A grid over the whole picture, for the label that found no room nearby.
    fn everywhere(&self) -> Vec<Rect> {
        let [w, h] = self.tags[self.mover].size;
        let rows = ((self.frame.3 - self.frame.1) / h).floor().max(0.0) as usize;
        let columns = ((self.frame.2 - self.frame.0) / h).floor().max(0.0) as usize;
        let mut places = Vec::new();
        for row in 0..rows {
            for column in 0..columns {
                let (x, y) = (
                    self.frame.0 + column as f64 * h,
                    self.frame.1 + row as f64 * h,
                );
                places.push(Rect(x, y, x + w, y + h));
            }
        }
        places
    }

    fn others(&self) -> impl Iterator<Item = (usize, Rect)> {
        let mover = self.mover;
        self.placed
            .iter()
            .enumerate()
            .filter(move |&(i, _)| i != mover)
            .filter_map(|(i, place)| place.map(|place| (i, place)))
    }

    fn is_free(&self, place: Rect) -> bool {
        let margin = place.grown(2.0);
        place.inside(self.frame)
            && !self.reserved.iter().any(|&r| margin.overlaps(r))
            && !self.tags.iter().any(|t| margin.overlaps(t.dot_box()))
            && !self.others().any(|(_, other)| margin.overlaps(other))
    }

    /// Covered ink, the way to the dot, and what its leader and those of others cross.
    fn cost(&self, place: Rect) -> f64 {
        let tag = self.tags[self.mover];
        let [w, h] = tag.size;
        let away = (length(sub(place.nearest(tag.at), tag.at)) - tag.dot).max(0.0) / h;
        // A label to the right of its dot is read first.
        let side = 0.06 * (tag.at[0] - f64::midpoint(place.0, place.2)) / w;
        let cost = 4.0 * self.ink.under(place.grown(1.0)) / (w * h) + 0.30 * away + side;
        let under = self.others().filter(|&(i, other)| {
            let theirs = self.tags[i].leader(other);
            theirs.is_some_and(|(a, b)| place.grown(2.0).meets_segment(a, b))
        });
        cost + LEADER_UNDER_LABEL * under.count() as f64 + self.leader_cost(place)
    }

    fn leader_cost(&self, place: Rect) -> f64 {
        let Some((a, b)) = self.tags[self.mover].leader(place) else {
            return 0.0;
        };
        let crossed = self.reserved.iter().filter(|r| r.meets_segment(a, b));
        let mut cost = 0.5 + LEADER_UNDER_LABEL * crossed.count() as f64;
        for (i, other) in self.tags.iter().enumerate() {
            let apart = length(sub(other.at, self.tags[self.mover].at)) > other.dot;
            if i != self.mover && apart && other.dot_box().grown(2.0).meets_segment(a, b) {
                cost += 2.0;
            }
        }
        for (i, other) in self.others() {
            if other.grown(1.0).meets_segment(a, b) {
                cost += LEADER_UNDER_LABEL;
            }
            let theirs = self.tags[i].leader(other);
            if theirs.is_some_and(|(c, d)| segments_cross(a, b, c, d)) {
                cost += 6.0;
            }
        }
        cost
    }
}

fn segments_cross(a: Vec2, b: Vec2, c: Vec2, d: Vec2) -> bool {
    let side = |p: Vec2, q: Vec2, r: Vec2| {
        let (u, v) = (sub(q, p), sub(r, p));
        u[0] * v[1] - u[1] * v[0]
    };
    side(a, b, c) * side(a, b, d) < 0.0 && side(c, d, a) * side(c, d, b) < 0.0
}
