//! From a checked description of a disk to shapes.

use super::{Coloring, DiskPlot, pairs};
use crate::plot::arcs::{self, Vec2, View};
use crate::plot::font::{self, CAPITAL, DESCENT};
use crate::plot::labels::{self, Ink, Rect, Tag};
use crate::plot::palette::{Color, Paint};
use crate::plot::picture::{Picture, Shape, Text};
use crate::plot::tree;
use crate::{Error, Result};

/// The points where they are drawn, and how.
pub(super) struct Marks {
    pub(super) at: Vec<Vec2>,
    pub(super) color: Vec<Color>,
    pub(super) radius: Vec<f64>,
    pub(super) faint: Vec<bool>,
    pub(super) legend: Vec<(Color, String)>,
}

/// The disk's place in the picture.
#[derive(Clone, Copy)]
pub(super) struct Frame {
    pub(super) center: Vec2,
    pub(super) radius: f64,
    /// Sizes are given for a picture of 1000 pixels and grow with it.
    pub(super) unit: f64,
    /// The same for text and for lines, which stay readable in a small picture.
    pub(super) text: f64,
    pub(super) line: f64,
    pub(super) width: f64,
    pub(super) height: f64,
}

impl Frame {
    pub(super) fn pixel(&self, z: Vec2) -> Vec2 {
        [
            self.center[0] + self.radius * z[0],
            self.center[1] - self.radius * z[1],
        ]
    }
}

impl DiskPlot {
    pub(super) fn marks(&self, points: &[Vec2], view: View, frame: Frame) -> Marks {
        let n = points.len();
        let depths = tree::depths(&self.edges, n);
        let mut is_parent = vec![false; n];
        for &(_, parent) in &self.edges {
            is_parent[parent as usize] = true;
        }
        let crowded = n > 60;
        let radius = |i: usize| match (self.dot_size, depths[i]) {
            (Some(radius), _) => radius,
            (None, Some(depth)) => {
                let (least, most) = match (crowded, is_parent[i]) {
                    (false, _) => (4.0, 9.0),
                    (true, true) => (2.1, 9.0),
                    (true, false) => (1.7, 2.6),
                };
                (9.0 * 0.78f64.powi(depth as i32)).clamp(least, most) * frame.unit
            }
            (None, None) => frame.unit * if crowded { 3.0 } else { 5.0 },
        };
        let (color, legend) = self.colors(&depths, n);
        Marks {
            at: points.iter().map(|&z| frame.pixel(view.point(z))).collect(),
            color,
            radius: (0..n).map(radius).collect(),
            faint: (0..n)
                .map(|i| crowded && depths[i].is_some() && !is_parent[i])
                .collect(),
            legend,
        }
    }

    /// The colour of each point, and what the colours mean.
    fn colors(&self, depths: &[Option<u32>], n: usize) -> (Vec<Color>, Vec<(Color, String)>) {
        let legend = |names: Vec<String>| Color::GROUPS.into_iter().zip(names).collect();
        match &self.coloring {
            Coloring::One => (vec![Color::BLUE; n], Vec::new()),
            Coloring::Depth => {
                let deepest = depths.iter().flatten().max().copied().unwrap_or(0).max(1);
                let shade = |depth: &Option<u32>| {
                    depth.map_or(Color::GREY, |d| {
                        Color::ramp(f64::from(d) / f64::from(deepest))
                    })
                };
                (depths.iter().map(shade).collect(), Vec::new())
            }
            Coloring::Groups(of, names) => {
                let colors = of.iter().map(|&group| Color::GROUPS[group]).collect();
                (colors, legend(names.clone()))
            }
            Coloring::Branches(roots) => {
                let rows: Vec<usize> = roots.iter().map(|(row, _)| *row as usize).collect();
                let of = tree::branches(&self.edges, n, &rows);
                let colors = of
                    .iter()
                    .map(|branch| branch.map_or(Color::GREY, |b| Color::GROUPS[b]))
                    .collect();
                let names = roots.iter().map(|(_, name)| name.clone()).collect();
                (colors, legend(names))
            }
        }
    }

    pub(super) fn edge_lines(
        &self,
        marks: &Marks,
        points: &[Vec2],
        view: View,
        frame: Frame,
    ) -> Vec<(Vec<Vec2>, Paint, f64)> {
        // From 60 edges to 1000, lines grow thinner and fainter.
        let crowd = (self.edges.len() as f64 / 60.0).ln() / (1000.0f64 / 60.0).ln();
        let crowd = crowd.clamp(0.0, 1.0);
        let drawn: Vec<Vec2> = points.iter().map(|&z| view.point(z)).collect();
        let line = |&(child, parent): &(u32, u32)| {
            let (child, parent) = (child as usize, parent as usize);
            let arc = arcs::geodesic(drawn[child], drawn[parent], 0.1 / frame.radius);
            let arc = arc.into_iter().map(|z| frame.pixel(z)).collect();
            let (paint, width) = match self.edge_style {
                Some((color, width)) => (color.into(), width),
                None => (
                    marks.color[child].alpha(0.6 - 0.28 * crowd),
                    (1.6 - 0.7 * crowd) * frame.line,
                ),
            };
            (arc, paint, width)
        };
        self.edges.iter().map(line).collect()
    }

    pub(super) fn draw_curves(
        &self,
        picture: &mut Picture,
        view: View,
        frame: Frame,
        ink: &mut Ink,
    ) -> Result<()> {
        for (points, color) in &self.curves {
            let points = self.disk_points("DiskPlot::curve", points)?;
            let points: Vec<Vec2> = points
                .into_iter()
                .map(|z| frame.pixel(view.point(z)))
                .collect();
            let width = 2.2 * frame.line;
            ink.add_line(&points, width);
            picture.push(Shape::Line {
                points,
                width,
                paint: (*color).into(),
            });
        }
        Ok(())
    }

    pub(super) fn draw_dots(
        &self,
        picture: &mut Picture,
        marks: &Marks,
        frame: Frame,
        ink: &mut Ink,
    ) {
        let mut order: Vec<usize> = (0..marks.at.len()).collect();
        order.sort_by(|&a, &b| marks.radius[a].total_cmp(&marks.radius[b]));
        let mut labelled = vec![false; marks.at.len()];
        for (row, _) in &self.labels {
            labelled[*row as usize] = true;
        }
        order.sort_by_key(|&i| labelled[i]);
        for i in order {
            let (at, radius) = (marks.at[i], self.dot_radius(marks, i, labelled[i], frame));
            if radius == 0.0 {
                continue;
            }
            ink.add(at, std::f64::consts::PI * radius * radius);
            let (ring, color) = match (labelled[i], marks.faint[i]) {
                (true, _) => (1.3, marks.color[i].mix(Color::INK, 0.75)),
                (false, false) => (0.9, Color::WHITE),
                (false, true) => (0.0, Color::WHITE),
            };
            if ring > 0.0 {
                picture.push(Shape::Disc {
                    center: at,
                    radius: radius + ring * frame.unit,
                    paint: color.into(),
                });
            }
            let alpha = if marks.faint[i] && !labelled[i] {
                0.65
            } else {
                1.0
            };
            picture.push(Shape::Disc {
                center: at,
                radius,
                paint: marks.color[i].alpha(alpha),
            });
        }
    }

    /// A labelled dot is never so small that its label seems to belong to nothing.
    fn dot_radius(&self, marks: &Marks, i: usize, labelled: bool, frame: Frame) -> f64 {
        if labelled && self.dot_size.is_none() {
            marks.radius[i].max(4.0 * frame.unit)
        } else {
            marks.radius[i]
        }
    }

    pub(super) fn draw_arrows(
        &self,
        picture: &mut Picture,
        view: View,
        frame: Frame,
        ink: &mut Ink,
    ) -> Result<()> {
        let op = "DiskPlot::arrows";
        for (bases, tangents, color) in &self.arrows {
            let bases = self.disk_points(op, bases)?;
            let tangents = pairs(op, tangents)?;
            if bases.len() != tangents.len() {
                let expected = format!("{} tangents, one a base point", bases.len());
                return Err(Error::invalid(op, expected, tangents.len()));
            }
            for (&z, &v) in bases.iter().zip(&tangents) {
                if !v.iter().all(|x| x.is_finite()) {
                    return Err(Error::invalid(op, "finite tangents", format!("{v:?}")));
                }
                let v = view.tangent(z, arcs::scale(v, (-self.curvature).sqrt()));
                let from = frame.pixel(view.point(z));
                let to = [from[0] + frame.radius * v[0], from[1] - frame.radius * v[1]];
                ink.add_line(&[from, to], 3.0 * frame.line);
                push_arrow(picture, from, to, *color, frame.line);
            }
        }
        Ok(())
    }

    pub(super) fn draw_title(&self, picture: &mut Picture, frame: Frame) -> Result<Vec<Rect>> {
        if self.title.is_empty() {
            return Ok(Vec::new());
        }
        let natural = 24.0 * frame.text;
        let room = 0.94 * frame.width / font::text_width(&self.title, natural, true)?;
        let em = natural * room.min(1.0);
        let width = font::text_width(&self.title, em, true)?;
        let at = [(frame.width - width) / 2.0, 44.0 * frame.text];
        let place = text_box(at, width, em);
        picture.push(Shape::Text(Text {
            at,
            line: self.title.clone(),
            em,
            bold: true,
            paint: Color::INK.into(),
            halo: 0.0,
        }));
        Ok(vec![place])
    }

    pub(super) fn draw_labels(
        &self,
        picture: &mut Picture,
        marks: &Marks,
        frame: Frame,
        reserved: &[Rect],
        ink: &Ink,
    ) -> Result<()> {
        let em = 17.0 * frame.text;
        let mut tags = Vec::with_capacity(self.labels.len());
        for (row, text) in &self.labels {
            let row = *row as usize;
            tags.push(Tag {
                at: marks.at[row],
                dot: self.dot_radius(marks, row, true, frame),
                size: [font::text_width(text, em, false)?, em * (CAPITAL + DESCENT)],
            });
        }
        let border = 6.0 * frame.unit;
        let bounds = Rect(0.0, 0.0, frame.width, frame.height).grown(-border);
        let places = labels::place(&tags, bounds, reserved, ink).map_err(|i| {
            Error::invalid(
                "DiskPlot::labels",
                "labels for which the picture has room (draw it larger, or with fewer)",
                format!("{:?}", self.labels[i].1),
            )
        })?;
        for (tag, place) in tags.iter().zip(&places) {
            if let Some((from, to)) = tag.leader(*place) {
                picture.push(Shape::Line {
                    points: vec![from, to],
                    width: 0.9 * frame.line,
                    paint: Color::INK.alpha(0.55),
                });
            }
        }
        for ((row, text), place) in self.labels.iter().zip(places) {
            picture.push(Shape::Text(Text {
                at: [place.0, place.3 - DESCENT * em],
                line: text.clone(),
                em,
                bold: false,
                paint: marks.color[*row as usize].mix(Color::INK, 0.6).into(),
                halo: 1.8 * frame.text,
            }));
        }
        Ok(())
    }
}

/// The rectangle of a line of text that starts at `at`.
fn text_box(at: Vec2, width: f64, em: f64) -> Rect {
    Rect(
        at[0],
        at[1] - CAPITAL * em,
        at[0] + width,
        at[1] + DESCENT * em,
    )
}

pub(super) fn draw_disk(picture: &mut Picture, frame: Frame, ink: &mut Ink) {
    const CORNERS: u32 = 360;
    picture.push(Shape::Disc {
        center: frame.center,
        radius: frame.radius,
        paint: Color::DISK.into(),
    });
    let corner = |i: u32| {
        let (s, c) = (f64::from(i) * std::f64::consts::TAU / f64::from(CORNERS)).sin_cos();
        frame.pixel([c, s])
    };
    let rim: Vec<Vec2> = (0..=CORNERS).map(corner).collect();
    ink.add_line(&rim, 1.0);
    picture.push(Shape::Line {
        points: rim,
        width: 1.3 * frame.line,
        paint: Color::RIM.into(),
    });
}

pub(super) fn draw_legend(
    picture: &mut Picture,
    legend: &[(Color, String)],
    frame: Frame,
) -> Result<Vec<Rect>> {
    let em = 17.0 * frame.text;
    let mut taken = Vec::new();
    let legend: Vec<_> = legend.iter().filter(|(_, name)| !name.is_empty()).collect();
    for (i, (color, name)) in legend.iter().enumerate() {
        let y = frame.height - 26.0 * frame.text - (legend.len() - 1 - i) as f64 * 1.5 * em;
        let left = 24.0 * frame.text;
        picture.push(Shape::Disc {
            center: [left, y - 0.35 * em],
            radius: 6.0 * frame.text,
            paint: (*color).into(),
        });
        let at = [left + 0.9 * em, y];
        let width = font::text_width(name, em, false)?;
        taken.push(text_box([left, y], width + 0.9 * em, em).grown(0.3 * em));
        picture.push(Shape::Text(Text {
            at,
            line: name.clone(),
            em,
            bold: false,
            paint: Color::INK.into(),
            halo: 0.0,
        }));
    }
    Ok(taken)
}

fn push_arrow(picture: &mut Picture, from: Vec2, to: Vec2, color: Color, unit: f64) {
    let along = arcs::sub(to, from);
    let long = arcs::length(along);
    if long < 1e-6 {
        return;
    }
    let along = arcs::scale(along, 1.0 / long);
    let across = [-along[1], along[0]];
    let head = (12.0 * unit).min(long);
    let neck = arcs::sub(to, arcs::scale(along, head));
    picture.push(Shape::Line {
        points: vec![from, arcs::add(neck, arcs::scale(along, 1.0))],
        width: 2.6 * unit,
        paint: color.into(),
    });
    let wing = arcs::scale(across, 0.4 * head);
    picture.push(Shape::Polygon {
        points: vec![to, arcs::add(neck, wing), arcs::sub(neck, wing)],
        paint: color.into(),
    });
}
