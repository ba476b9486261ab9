//! The Poincaré disk: points, geodesic edges, curves, tangents and labels.

mod drawing;

use std::path::Path;

use tch::{Device, Kind, Tensor};

use self::drawing::{Frame, draw_disk, draw_legend};
use super::arcs::{self, Vec2, View};
use super::labels::Ink;
use super::palette::Color;
use super::picture::{Picture, Shape};
use crate::{Error, Result};

/// A drawing of the Poincaré disk, described step by step.
///
/// Nothing is checked before [`DiskPlot::draw`] or [`DiskPlot::save`].
///
/// # Examples
///
/// ```
/// use holonomy::plot::DiskPlot;
/// use holonomy::tch::Tensor;
///
/// let points = Tensor::from_slice2(&[[0.0, 0.0], [0.5, 0.5], [1.5, 0.0]]);
/// let error = DiskPlot::new().points(&points).draw().unwrap_err();
/// assert!(error.to_string().contains("row 2"));
/// ```
#[derive(Debug)]
pub struct DiskPlot {
    size: (u32, u32),
    title: String,
    curvature: f64,
    points: Option<Tensor>,
    edges: Vec<(u32, u32)>,
    edge_style: Option<(Color, f64)>,
    dot_size: Option<f64>,
    coloring: Coloring,
    labels: Vec<(u32, String)>,
    center: Option<u32>,
    fit: Option<f64>,
    curves: Vec<(Tensor, Color)>,
    arrows: Vec<(Tensor, Tensor, Color)>,
}

/// What the colour of a point tells.
#[derive(Debug)]
enum Coloring {
    One,
    Depth,
    Groups(Vec<usize>, Vec<String>),
    Branches(Vec<(u32, String)>),
}

impl Default for DiskPlot {
    fn default() -> Self {
        Self::new()
    }
}

impl DiskPlot {
    /// An empty disk of curvature −1 in a picture of 1000 × 1000 pixels.
    pub fn new() -> Self {
        Self {
            size: (1000, 1000),
            title: String::new(),
            curvature: -1.0,
            points: None,
            edges: Vec::new(),
            edge_style: None,
            dot_size: None,
            coloring: Coloring::One,
            labels: Vec::new(),
            center: None,
            fit: None,
            curves: Vec::new(),
            arrows: Vec::new(),
        }
    }

    /// Width and height in pixels. A wider picture gives labels room beside the disk.
    pub fn size(mut self, width: u32, height: u32) -> Self {
        self.size = (width, height);
        self
    }

    /// A line of text above the disk.
    pub fn title(mut self, title: impl Into<String>) -> Self {
        self.title = title.into();
        self
    }

    /// The curvature κ < 0 of the ball that the points come from, whose radius is 1/√−κ.
    pub fn curvature(mut self, kappa: f64) -> Self {
        self.curvature = kappa;
        self
    }

    /// The points, `[n, 2]`, of any float kind and device.
    pub fn points(mut self, points: &Tensor) -> Self {
        self.points = Some(kept(points));
        self
    }

    /// Pairs of rows (child, parent) to be joined by geodesics.
    ///
    /// Where they form a hierarchy, dots shrink with the depth below its root. Pass the direct links
    /// of a transitive closure ([`direct_edges`](crate::graph::direct_edges)): the rest hides the tree.
    pub fn edges(mut self, edges: &[(u32, u32)]) -> Self {
        self.edges = edges.to_vec();
        self
    }

    /// One colour and line width in pixels for all edges, instead of thin translucent lines in the
    /// colours of the points.
    pub fn edge_style(mut self, color: Color, width: f64) -> Self {
        self.edge_style = Some((color, width));
        self
    }

    /// One radius in pixels for all dots; 0 draws none.
    pub fn dot_size(mut self, radius: f64) -> Self {
        self.dot_size = Some(radius);
        self
    }

    /// Colours points by their depth in the hierarchy of the edges, dark at the root.
    pub fn color_by_depth(mut self) -> Self {
        self.coloring = Coloring::Depth;
        self
    }

    /// Colours points by group: `groups` has for each row an index into `names`, which are the
    /// legend.
    pub fn groups(mut self, groups: &[usize], names: &[&str]) -> Self {
        let names = names.iter().map(ToString::to_string).collect();
        self.coloring = Coloring::Groups(groups.to_vec(), names);
        self
    }

    /// Colours points by branch: each row given is the root of a branch, with its name for the
    /// legend (empty for none); all nodes below it take its colour; the rest stays grey.
    pub fn branches(mut self, roots: &[(u32, &str)]) -> Self {
        self.coloring = Coloring::Branches(named(roots));
        self
    }

    /// Text labels beside the points of some rows, the most important first. They never overlap
    /// each other or a labelled dot; a label that has to be moved away gets a line to its dot.
    pub fn labels(mut self, labels: &[(u32, &str)]) -> Self {
        self.labels = named(labels);
        self
    }

    /// Moves everything by the isometry that takes the point of this row, such as the root of a
    /// hierarchy, to the origin.
    pub fn centered_on(mut self, row: u32) -> Self {
        self.center = Some(row);
        self
    }

    /// Shrinks all hyperbolic distances from the centre by one common factor, so that 95 % of the
    /// points lie within `radius` (in units of curvature −1). Use it where many points are near
    /// the boundary.
    ///
    /// This keeps directions and the order of radii, but is not an isometry; mention it in a
    /// caption.
    pub fn fit_radius(mut self, radius: f64) -> Self {
        self.fit = Some(radius);
        self
    }

    /// A line through points of the disk, `[n, 2]`.
    pub fn curve(mut self, points: &Tensor, color: Color) -> Self {
        self.curves.push((kept(points), color));
        self
    }

    /// Tangent vectors, `[n, 2]`, as arrows from their base points, `[n, 2]`; both in the disk's
    /// coordinates.
    pub fn arrows(mut self, bases: &Tensor, tangents: &Tensor, color: Color) -> Self {
        self.arrows.push((kept(bases), kept(tangents), color));
        self
    }

    /// Draws and writes the picture, as SVG or PNG by the ending of the file's name.
    ///
    /// # Errors
    ///
    /// Those of [`DiskPlot::draw`] and [`Picture::save`].
    pub fn save(&self, path: impl AsRef<Path>) -> Result<()> {
        self.draw()?.save(path)
    }

    /// Draws the picture.
    ///
    /// # Errors
    ///
    /// [`Error::InvalidArgument`] for points outside the disk or not finite, a wrong shape, rows
    /// that do not exist, more groups than colours, and labels without room.
    pub fn draw(&self) -> Result<Picture> {
        let mut picture = Picture::new("DiskPlot::size", self.size.0, self.size.1)?;
        let frame = self.frame();
        let points = self.checked_points()?;
        self.check_rows(points.len())?;
        let view = self.view(&points)?;
        let marks = self.marks(&points, view, frame);
        let edges = self.edge_lines(&marks, &points, view, frame);
        let mut ink = Ink::new(frame.width, frame.height);
        draw_disk(&mut picture, frame, &mut ink);
        for (line, paint, width) in edges {
            ink.add_line(&line, 1.5 * width * paint.alpha);
            picture.push(Shape::Line {
                points: line,
                width,
                paint,
            });
        }
        self.draw_curves(&mut picture, view, frame, &mut ink)?;
        self.draw_arrows(&mut picture, view, frame, &mut ink)?;
        self.draw_dots(&mut picture, &marks, frame, &mut ink);
        let mut reserved = self.draw_title(&mut picture, frame)?;
        reserved.extend(draw_legend(&mut picture, &marks.legend, frame)?);
        self.draw_labels(&mut picture, &marks, frame, &reserved, &ink)?;
        Ok(picture)
    }

    fn frame(&self) -> Frame {
        let (width, height) = (f64::from(self.size.0), f64::from(self.size.1));
        let unit = width.min(height) / 1000.0;
        let text = unit.max(0.7);
        let top = if self.title.is_empty() {
            0.0
        } else {
            50.0 * text
        };
        let margin = if self.labels.is_empty() { 20.0 } else { 40.0 } * unit;
        let radius = (width.min(height - top) - 2.0 * margin) / 2.0;
        Frame {
            center: [width / 2.0, top + (height - top) / 2.0],
            radius,
            unit,
            text,
            line: unit.max(0.8),
            width,
            height,
        }
    }

    fn checked_points(&self) -> Result<Vec<Vec2>> {
        if !(self.curvature.is_finite() && self.curvature < 0.0) {
            return Err(Error::invalid(
                "DiskPlot::curvature",
                "a finite curvature < 0",
                self.curvature,
            ));
        }
        match &self.points {
            None => Ok(Vec::new()),
            Some(points) => self.disk_points("DiskPlot::points", points),
        }
    }

    /// The rows of a tensor as points of the unit disk.
    fn disk_points(&self, op: &'static str, points: &Tensor) -> Result<Vec<Vec2>> {
        let scale = (-self.curvature).sqrt();
        let rows = pairs(op, points)?;
        for (i, z) in rows.iter().enumerate() {
            // NaN is not inside either.
            let inside = arcs::length(arcs::scale(*z, scale)) < 1.0;
            if !inside {
                return Err(Error::invalid(
                    op,
                    format!("points inside the disk of radius {}", 1.0 / scale),
                    format!("({}, {}) in row {i}", z[0], z[1]),
                ));
            }
        }
        Ok(rows.into_iter().map(|z| arcs::scale(z, scale)).collect())
    }

    fn check_rows(&self, n: usize) -> Result<()> {
        let known = |op: &'static str, row: u32| {
            if (row as usize) < n {
                return Ok(());
            }
            Err(Error::invalid(
                op,
                format!("rows of the {n} points"),
                format!("row {row}"),
            ))
        };
        for &(child, parent) in &self.edges {
            known("DiskPlot::edges", child)?;
            known("DiskPlot::edges", parent)?;
        }
        for (row, text) in &self.labels {
            known("DiskPlot::labels", *row)?;
            check_text("DiskPlot::labels", text)?;
        }
        check_text("DiskPlot::title", &self.title)?;
        if let Some(row) = self.center {
            known("DiskPlot::centered_on", row)?;
        }
        self.check_coloring(n, known)
    }

    fn check_coloring(
        &self,
        n: usize,
        known: impl Fn(&'static str, u32) -> Result<()>,
    ) -> Result<()> {
        let op = "DiskPlot::groups";
        let count = match &self.coloring {
            Coloring::One | Coloring::Depth => 0,
            Coloring::Branches(roots) => {
                for (row, name) in roots {
                    known("DiskPlot::branches", *row)?;
                    check_text("DiskPlot::branches", name)?;
                }
                roots.len()
            }
            Coloring::Groups(of, names) => {
                if of.len() != n {
                    return Err(Error::invalid(
                        op,
                        format!("{n} groups, one a point"),
                        of.len(),
                    ));
                }
                for name in names {
                    check_text(op, name)?;
                }
                if let Some(group) = of.iter().find(|&&group| group >= names.len()) {
                    let expected = format!("places in {} names", names.len());
                    return Err(Error::invalid(op, expected, group));
                }
                names.len()
            }
        };
        if count > Color::GROUPS.len() {
            let expected = format!("at most {} groups", Color::GROUPS.len());
            return Err(Error::invalid(op, expected, count));
        }
        Ok(())
    }

    fn view(&self, points: &[Vec2]) -> Result<View> {
        let center = self.center.map_or([0.0, 0.0], |row| points[row as usize]);
        let mut view = View {
            center,
            radial: 1.0,
        };
        let Some(fit) = self.fit else {
            return Ok(view);
        };
        if !(fit.is_finite() && fit > 0.0) {
            return Err(Error::invalid("DiskPlot::fit_radius", "a radius > 0", fit));
        }
        let mut radii: Vec<f64> = points.iter().map(|&z| view.radius(z)).collect();
        radii.sort_by(f64::total_cmp);
        if let Some(&most) = radii.get((radii.len() * 95).div_ceil(100).saturating_sub(1)) {
            view.radial = if most > fit { fit / most } else { 1.0 };
        }
        Ok(view)
    }
}

fn named(rows: &[(u32, &str)]) -> Vec<(u32, String)> {
    rows.iter()
        .map(|&(row, name)| (row, name.to_string()))
        .collect()
}

fn check_text(op: &'static str, text: &str) -> Result<()> {
    if text.chars().any(char::is_control) {
        return Err(Error::invalid(op, "one line of text", format!("{text:?}")));
    }
    Ok(())
}

/// The rows of a tensor `[n, 2]`.
fn pairs(op: &'static str, points: &Tensor) -> Result<Vec<Vec2>> {
    let size = points.size();
    if size.len() != 2 || size[1] != 2 {
        return Err(Error::invalid(op, "shape [n, 2]", format!("{size:?}")));
    }
    let flat = points
        .to_device(Device::Cpu)
        .to_kind(Kind::Double)
        .contiguous()
        .view(-1);
    let flat = Vec::<f64>::try_from(&flat).map_err(|source| Error::Torch { op, source })?;
    Ok(flat.chunks_exact(2).map(|z| [z[0], z[1]]).collect())
}

/// The numbers without their gradient; what has no numbers is refused when it is drawn.
fn kept(tensor: &Tensor) -> Tensor {
    if tensor.defined() {
        tensor.detach()
    } else {
        Tensor::zeros([0], (Kind::Double, Device::Cpu))
    }
}
