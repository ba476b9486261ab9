//! Points, lines and patches in three dimensions.

use std::path::Path;

use tch::{Device, Kind, Tensor};

use super::arcs::Vec2;
use super::palette::Color;
use super::picture::{Picture, Shape, Text};
use crate::{Error, Result};

/// A drawing of ℝ³ in parallel projection from a chosen direction. It has points, lines and
/// transparent patches, in named groups of one colour each; nearer shapes cover farther ones.
///
/// # Examples
///
/// ```
/// use holonomy::plot::SpacePlot;
/// use holonomy::tch::Tensor;
///
/// let axis = Tensor::from_slice2(&[[0.0, 0.0, -1.0], [0.0, 0.0, 1.0]]);
/// let square = Tensor::from_slice2(&[[1.0, 1.0, 0.0], [-1.0, 1.0, 0.0], [-1.0, -1.0, 0.0], [1.0, -1.0, 0.0]]);
/// let picture = SpacePlot::new()
///     .title("A line and a plane")
///     .lines("line", &axis.unsqueeze(0))
///     .patches("plane", &square.unsqueeze(0))
///     .draw()?;
/// assert!(picture.to_svg()?.contains("plane"));
/// # Ok::<(), holonomy::Error>(())
/// ```
#[derive(Debug)]
pub struct SpacePlot {
    size: (u32, u32),
    title: String,
    azimuth: f64,
    elevation: f64,
    groups: Vec<Group>,
}

#[derive(Debug)]
struct Group {
    name: String,
    form: Form,
    /// `[count, vertices, 3]`
    corners: Tensor,
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum Form {
    Points,
    Lines,
    Patches,
}

/// A thing to draw, with what decides whether it covers another.
struct Item {
    depth: f64,
    shape: Shape,
}

impl Default for SpacePlot {
    fn default() -> Self {
        Self::new()
    }
}

impl SpacePlot {
    /// An empty drawing of 640 × 560 pixels, seen from a little above.
    pub fn new() -> Self {
        Self {
            size: (640, 560),
            title: String::new(),
            azimuth: 0.6,
            elevation: 0.4,
            groups: Vec::new(),
        }
    }

    /// Width and height in pixels.
    pub fn size(mut self, width: u32, height: u32) -> Self {
        self.size = (width, height);
        self
    }

    /// A line of text above the drawing.
    pub fn title(mut self, title: impl Into<String>) -> Self {
        self.title = title.into();
        self
    }

    /// The direction of view, in radians: the angle around the third axis, and the angle above the
    /// plane of the first two.
    pub fn seen_from(mut self, azimuth: f64, elevation: f64) -> Self {
        (self.azimuth, self.elevation) = (azimuth, elevation);
        self
    }

    /// Points `[count, 3]`.
    pub fn points(self, name: impl Into<String>, points: &Tensor) -> Self {
        self.group(name, Form::Points, &as_lists(points))
    }

    /// Lines through points: `[count, vertices, 3]`.
    pub fn lines(self, name: impl Into<String>, vertices: &Tensor) -> Self {
        self.group(name, Form::Lines, vertices)
    }

    /// Flat transparent patches, by their corners in order: `[count, vertices, 3]`.
    pub fn patches(self, name: impl Into<String>, corners: &Tensor) -> Self {
        self.group(name, Form::Patches, corners)
    }

    fn group(mut self, name: impl Into<String>, form: Form, corners: &Tensor) -> Self {
        self.groups.push(Group {
            name: name.into(),
            form,
            corners: numbers(corners),
        });
        self
    }

    /// Draws it.
    ///
    /// # Errors
    ///
    /// [`Error::InvalidArgument`] without groups, for more groups than there are colours, for another
    /// shape than those documented, numbers that are not finite, or a size out of range.
    pub fn draw(&self) -> Result<Picture> {
        const OP: &str = "SpacePlot::draw";
        let most = Color::GROUPS.len();
        if self.groups.is_empty() || self.groups.len() > most {
            return Err(Error::invalid(
                OP,
                format!("1 to {most} groups"),
                self.groups.len(),
            ));
        }
        let projected = self.groups.iter().map(|group| self.project(OP, group));
        let projected = projected.collect::<Result<Vec<_>>>()?;
        let mut picture = Picture::new(OP, self.size.0, self.size.1)?;
        let scale = self.scale(&projected);
        let mut items = Vec::new();
        for ((group, things), color) in self.groups.iter().zip(&projected).zip(Color::GROUPS) {
            items.extend(
                things
                    .iter()
                    .map(|thing| item(group.form, thing, color, scale)),
            );
        }
        items.sort_by(|a, b| a.depth.total_cmp(&b.depth));
        for item in items {
            picture.push(item.shape);
        }
        self.draw_texts(&mut picture);
        Ok(picture)
    }

    /// Draws it and writes it to a file, as SVG or PNG by the ending of its name.
    ///
    /// # Errors
    ///
    /// As [`draw`](Self::draw) and [`Picture::save`].
    pub fn save(&self, path: impl AsRef<Path>) -> Result<()> {
        self.draw()?.save(path)
    }

    /// Each thing's vertices as right, up and towards the eye.
    fn project(&self, op: &'static str, group: &Group) -> Result<Vec<Vec<[f64; 3]>>> {
        let size = group.corners.size();
        let [_, vertices, 3] = size[..] else {
            let got = format!("{size:?} for {:?}", group.name);
            return Err(Error::invalid(op, "points of shape [.., 3]", got));
        };
        let numbers: Vec<f64> = group
            .corners
            .flatten(0, -1)
            .iter::<f64>()
            .into_iter()
            .flatten()
            .collect();
        if let Some(number) = numbers.iter().find(|number| !number.is_finite()) {
            let got = format!("{number} in {:?}", group.name);
            return Err(Error::invalid(op, "finite coordinates", got));
        }
        let (sin_a, cos_a) = self.azimuth.sin_cos();
        let (sin_e, cos_e) = self.elevation.sin_cos();
        let turned = |p: &[f64]| {
            let (x, y, z) = (p[0], p[1], p[2]);
            let outwards = cos_a * x + sin_a * y;
            [
                cos_a * y - sin_a * x,
                cos_e * z - sin_e * outwards,
                cos_e * outwards + sin_e * z,
            ]
        };
        let points: Vec<[f64; 3]> = numbers.chunks_exact(3).map(turned).collect();
        Ok(points
            .chunks(vertices.max(1) as usize)
            .map(<[_]>::to_vec)
            .collect())
    }

    /// From coordinates to pixels: factor and offset of right, of up.
    fn scale(&self, projected: &[Vec<Vec<[f64; 3]>>]) -> [(f64, f64); 2] {
        const MARGIN: f64 = 28.0;
        let top = if self.title.is_empty() { MARGIN } else { 54.0 };
        let (width, height) = (f64::from(self.size.0), f64::from(self.size.1));
        let range = |axis: usize| {
            let values = projected.iter().flatten().flatten().map(|p| p[axis]);
            values.fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), value| {
                (low.min(value), high.max(value))
            })
        };
        let (x, y) = (range(0), range(1));
        let fit = |room: f64, (low, high): (f64, f64)| {
            if high > low {
                room / (high - low)
            } else {
                f64::INFINITY
            }
        };
        let bottom = MARGIN + 14.0;
        let factor = fit(width - 2.0 * MARGIN, x).min(fit(height - top - bottom, y));
        let factor = if factor.is_finite() { factor } else { 1.0 };
        let middle = |(low, high): (f64, f64)| f64::midpoint(low, high);
        [
            (factor, width / 2.0 - factor * middle(x)),
            (
                -factor,
                f64::midpoint(top, height - bottom) + factor * middle(y),
            ),
        ]
    }

    fn draw_texts(&self, picture: &mut Picture) {
        const EM: f64 = 14.0;
        let mut text = |at: Vec2, line: &str, em: f64, bold: bool| {
            picture.push(Shape::Text(Text {
                at,
                line: line.to_owned(),
                em,
                bold,
                paint: Color::INK.into(),
                halo: 3.0,
            }));
        };
        if !self.title.is_empty() {
            text([16.0, 34.0], &self.title, 20.0, true);
        }
        let bottom = f64::from(self.size.1) - 14.0;
        let line = |index: usize| bottom - 18.0 * (self.groups.len() - 1 - index) as f64;
        for (index, group) in self.groups.iter().enumerate() {
            text([34.0, line(index)], &group.name, EM, false);
        }
        for (index, color) in (0..self.groups.len()).zip(Color::GROUPS) {
            picture.push(Shape::Disc {
                center: [22.0, line(index) - 5.0],
                radius: 4.5,
                paint: color.into(),
            });
        }
    }
}

fn item(form: Form, thing: &[[f64; 3]], color: Color, [x, y]: [(f64, f64); 2]) -> Item {
    let points: Vec<Vec2> = thing
        .iter()
        .map(|p| [x.0 * p[0] + x.1, y.0 * p[1] + y.1])
        .collect();
    let depth = thing.iter().map(|p| p[2]).sum::<f64>() / thing.len().max(1) as f64;
    let shape = match form {
        Form::Points => Shape::Disc {
            center: points.first().copied().unwrap_or_default(),
            radius: 2.4,
            paint: color.into(),
        },
        Form::Lines => Shape::Line {
            points,
            width: 2.2,
            paint: color.into(),
        },
        Form::Patches => Shape::Polygon {
            points,
            paint: color.alpha(0.25),
        },
    };
    Item { depth, shape }
}

/// Points as lists of one vertex each.
fn as_lists(points: &Tensor) -> Tensor {
    if points.defined() && points.dim() > 0 {
        points.unsqueeze(-2)
    } else {
        points.shallow_clone()
    }
}

/// A copy in f64; without rows where there are not finite, which `draw` refuses.
fn numbers(corners: &Tensor) -> Tensor {
    if corners.defined() {
        corners.detach().to_kind(Kind::Double)
    } else {
        Tensor::zeros([0], (Kind::Double, Device::Cpu))
    }
}
