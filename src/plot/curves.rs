//! Curves over a common axis: losses, errors, timings.

use std::path::Path;

use super::arcs::{Vec2, length, sub};
use super::font::{self, CAPITAL};
use super::palette::Color;
use super::picture::{Picture, Shape, Text};
use crate::{Error, Result};

/// A plot of curves with linear or logarithmic axes. Each curve has its own colour and is labelled
/// at its right end.
///
/// # Examples
///
/// ```
/// use holonomy::plot::CurvePlot;
///
/// let loss: Vec<(f64, f64)> = (1..=50).map(|t| (t.into(), 3.0 / f64::from(t))).collect();
/// let picture = CurvePlot::new()
///     .title("Training")
///     .x_label("epoch")
///     .y_label("loss")
///     .log_y()
///     .line("5 dimensions", &loss)
///     .draw()?;
/// assert!(picture.to_svg()?.contains("5 dimensions"));
/// # Ok::<(), holonomy::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct CurvePlot {
    size: (u32, u32),
    title: String,
    x: Axis,
    y: Axis,
    lines: Vec<(String, Vec<Vec2>)>,
}

#[derive(Debug, Clone, Default)]
struct Axis {
    label: String,
    logarithmic: bool,
}

/// An axis with its range in the picture.
struct Scale {
    logarithmic: bool,
    /// The data's range; of its logarithms to base 10 on a logarithmic axis.
    low: f64,
    high: f64,
    pixels: (f64, f64),
}

impl Default for CurvePlot {
    fn default() -> Self {
        Self::new()
    }
}

impl CurvePlot {
    /// An empty plot of 800 × 500 pixels with linear axes.
    pub fn new() -> Self {
        Self {
            size: (800, 500),
            title: String::new(),
            x: Axis::default(),
            y: Axis::default(),
            lines: Vec::new(),
        }
    }

    /// Width and height in pixels.
    pub fn size(mut self, width: u32, height: u32) -> Self {
        self.size = (width, height);
        self
    }

    /// A line of text above the plot.
    pub fn title(mut self, title: impl Into<String>) -> Self {
        self.title = title.into();
        self
    }

    /// The name of the horizontal axis, with its unit.
    pub fn x_label(mut self, label: impl Into<String>) -> Self {
        self.x.label = label.into();
        self
    }

    /// The name of the vertical axis, with its unit.
    pub fn y_label(mut self, label: impl Into<String>) -> Self {
        self.y.label = label.into();
        self
    }

    /// A logarithmic horizontal axis.
    pub fn log_x(mut self) -> Self {
        self.x.logarithmic = true;
        self
    }

    /// A logarithmic vertical axis.
    pub fn log_y(mut self) -> Self {
        self.y.logarithmic = true;
        self
    }

    /// A curve through points (x, y).
    pub fn line(mut self, name: impl Into<String>, points: &[(f64, f64)]) -> Self {
        let points = points.iter().map(|&(x, y)| [x, y]).collect();
        self.lines.push((name.into(), points));
        self
    }

    /// Draws and writes the picture, as SVG or PNG by the ending of the file's name.
    ///
    /// # Errors
    ///
    /// Those of [`CurvePlot::draw`] and [`Picture::save`].
    pub fn save(&self, path: impl AsRef<Path>) -> Result<()> {
        self.draw()?.save(path)
    }

    /// Draws the picture.
    ///
    /// # Errors
    ///
    /// [`Error::InvalidArgument`] when there is no curve, a curve has no points, there are more
    /// curves than colours (8), or a value is not finite, or not positive on a logarithmic axis.
    pub fn draw(&self) -> Result<Picture> {
        self.check()?;
        let mut picture = Picture::new("CurvePlot::size", self.size.0, self.size.1)?;
        let em = 15.0;
        let names = self.lines.iter().map(|(name, _)| name);
        let mut widest = 0.0f64;
        for name in names {
            widest = widest.max(font::text_width(name, em, false)?);
        }
        let (width, height) = (f64::from(self.size.0), f64::from(self.size.1));
        let top = if self.title.is_empty() { 44.0 } else { 84.0 };
        let right = width - widest - 34.0;
        let x = self.scale(&self.x, 0, (72.0, right.max(92.0)));
        let y = self.scale(&self.y, 1, (height - 58.0, top));
        draw_grid(&mut picture, &x, &y, em)?;
        self.draw_texts(&mut picture, &x, &y, em)?;
        self.draw_lines(&mut picture, &x, &y, em);
        Ok(picture)
    }

    fn check(&self) -> Result<()> {
        let op = "CurvePlot::line";
        if self.lines.is_empty() || self.lines.len() > Color::GROUPS.len() {
            let expected = format!("1 to {} curves", Color::GROUPS.len());
            return Err(Error::invalid(op, expected, self.lines.len()));
        }
        for (name, points) in &self.lines {
            if points.is_empty() {
                return Err(Error::invalid(
                    op,
                    "at least one point",
                    format!("none in {name:?}"),
                ));
            }
            for (i, point) in points.iter().enumerate() {
                for (value, axis) in point.iter().zip([&self.x, &self.y]) {
                    let fits = value.is_finite() && (!axis.logarithmic || *value > 0.0);
                    if !fits {
                        let kind = if axis.logarithmic {
                            "finite values > 0 on a logarithmic axis"
                        } else {
                            "finite values"
                        };
                        let got = format!("{value} in point {i} of {name:?}");
                        return Err(Error::invalid(op, kind, got));
                    }
                }
            }
        }
        let names = self.lines.iter().map(|(name, _)| name);
        for text in names.chain([&self.title, &self.x.label, &self.y.label]) {
            if text.chars().any(char::is_control) {
                return Err(Error::invalid(
                    "CurvePlot",
                    "one line of text",
                    format!("{text:?}"),
                ));
            }
        }
        Ok(())
    }

    fn scale(&self, axis: &Axis, coordinate: usize, pixels: (f64, f64)) -> Scale {
        let values = self.lines.iter().flat_map(|(_, points)| points);
        let values = values.map(|p| {
            if axis.logarithmic {
                p[coordinate].log10()
            } else {
                p[coordinate]
            }
        });
        let (mut low, mut high) = values.fold((f64::INFINITY, f64::NEG_INFINITY), |range, v| {
            (range.0.min(v), range.1.max(v))
        });
        if low == high {
            let half = if low == 0.0 { 1.0 } else { low.abs() * 0.1 };
            (low, high) = (low - half, high + half);
        }
        if coordinate == 1 {
            let air = 0.04 * (high - low);
            (low, high) = (low - air, high + air);
        }
        Scale {
            logarithmic: axis.logarithmic,
            low,
            high,
            pixels,
        }
    }

    fn draw_texts(&self, picture: &mut Picture, x: &Scale, y: &Scale, em: f64) -> Result<()> {
        let mut text = |at: Vec2, text: &str, em: f64, bold: bool| {
            picture.push(Shape::Text(Text {
                at,
                line: text.to_string(),
                em,
                bold,
                paint: Color::INK.into(),
                halo: 0.0,
            }));
        };
        text([16.0, 34.0], &self.title, 20.0, true);
        text([16.0, y.pixels.1 - 18.0], &self.y.label, em, false);
        let width = font::text_width(&self.x.label, em, false)?;
        let middle = f64::midpoint(x.pixels.0, x.pixels.1);
        text(
            [middle - width / 2.0, y.pixels.0 + 46.0],
            &self.x.label,
            em,
            false,
        );
        Ok(())
    }

    fn draw_lines(&self, picture: &mut Picture, x: &Scale, y: &Scale, em: f64) {
        let mut ends = Vec::new();
        for ((name, points), color) in self.lines.iter().zip(Color::GROUPS) {
            let points: Vec<Vec2> = points
                .iter()
                .map(|p| [x.pixel(p[0]), y.pixel(p[1])])
                .collect();
            let end = points[points.len() - 1];
            ends.push((end[1], name, color));
            if points.len() == 1 {
                picture.push(Shape::Disc {
                    center: end,
                    radius: 3.5,
                    paint: color.into(),
                });
            }
            push_rounded(picture, &points, color);
        }
        ends.sort_by(|a, b| a.0.total_cmp(&b.0));
        let heights: Vec<f64> = ends.iter().map(|end| end.0).collect();
        let heights = spread(&heights, 1.35 * em, y.pixels.1, y.pixels.0);
        for ((_, name, color), height) in ends.into_iter().zip(heights) {
            picture.push(Shape::Text(Text {
                at: [x.pixels.1 + 10.0, height + CAPITAL * em / 2.0],
                line: name.clone(),
                em,
                bold: false,
                paint: color.mix(Color::INK, 0.25).into(),
                halo: 0.0,
            }));
        }
    }
}

impl Scale {
    fn pixel(&self, value: f64) -> f64 {
        let value = if self.logarithmic {
            value.log10()
        } else {
            value
        };
        let t = (value - self.low) / (self.high - self.low);
        self.pixels.0 + t * (self.pixels.1 - self.pixels.0)
    }

    /// Powers of ten, and 2 and 5 times them where there is room.
    fn log_ticks(&self, most: f64) -> Vec<(f64, String)> {
        let decades = self.high - self.low;
        let every = (decades / most).ceil();
        let powers = steps(self.low.floor(), self.high, every);
        if 3.0 * decades > 1.5 * most {
            return powers
                .filter(|power| *power >= self.low)
                .map(|power| (10f64.powf(power), power_name(power)))
                .collect();
        }
        powers
            .flat_map(|power| [1.0, 2.0, 5.0].map(|factor| (factor * 10f64.powf(power), power)))
            .filter(|(value, _)| (self.low..=self.high).contains(&value.log10()))
            .map(|(value, power)| (value, plain(value, -power)))
            .collect()
    }

    /// Round values inside the range, about one every 70 pixels, with their names.
    fn ticks(&self) -> Vec<(f64, String)> {
        let most = ((self.pixels.1 - self.pixels.0).abs() / 70.0).max(2.0);
        if self.logarithmic && self.high - self.low >= 1.0 {
            return self.log_ticks(most);
        }
        let (low, high) = if self.logarithmic {
            (10f64.powf(self.low), 10f64.powf(self.high))
        } else {
            (self.low, self.high)
        };
        let step = round_step((high - low) / most);
        let digits = -step.log10().floor();
        steps(low, high, step)
            .map(|value| (value, plain(value, digits)))
            .collect()
    }
}

/// A line whose sharp corners are round: noise would otherwise sprout spikes.
fn push_rounded(picture: &mut Picture, points: &[Vec2], color: Color) {
    const WIDTH: f64 = 2.0;
    let sharp = |i: usize| {
        let (a, b) = (sub(points[i], points[i - 1]), sub(points[i + 1], points[i]));
        a[0] * b[0] + a[1] * b[1] < 0.8 * length(a) * length(b)
    };
    let mut start = 0;
    for end in 1..points.len() {
        let last = end + 1 == points.len();
        if !last && !sharp(end) {
            continue;
        }
        picture.push(Shape::Line {
            points: points[start..=end].to_vec(),
            width: WIDTH,
            paint: color.into(),
        });
        if !last {
            picture.push(Shape::Disc {
                center: points[end],
                radius: WIDTH / 2.0,
                paint: color.into(),
            });
        }
        start = end;
    }
}

/// The multiples of `step` from `low` to `high`.
fn steps(low: f64, high: f64, step: f64) -> impl Iterator<Item = f64> {
    // A tick that rounding pushes just out of the range still counts.
    let slack = 1e-9;
    let first = (low / step - slack).ceil() as i64;
    let last = (high / step + slack).floor() as i64;
    (first..=last).map(move |i| i as f64 * step)
}

/// The least of 1, 2, 5 times a power of ten that is at least `step`.
fn round_step(step: f64) -> f64 {
    let power = 10f64.powf(step.log10().floor());
    let ratio = step / power;
    let factor = [1.0, 2.0, 5.0].into_iter().find(|f| *f >= ratio);
    factor.unwrap_or(10.0) * power
}

/// A number with so many digits behind the point, or in powers of ten where that is long.
fn plain(value: f64, digits: f64) -> String {
    let digits = digits.max(0.0) as usize;
    if digits > 5 || value.abs() >= 1e7 {
        format!("{value:.1e}")
    } else {
        format!("{value:.digits$}")
    }
}

/// 10 to a whole power, as a number where that is short.
fn power_name(power: f64) -> String {
    match power as i32 {
        0..=4 => format!("{}", 10f64.powf(power)),
        -3..=-1 => format!("{:.*}", -power as usize, 10f64.powf(power)),
        other => {
            let raised = |digit: char| match digit {
                '-' => '⁻',
                '1' => '¹',
                '2' => '²',
                '3' => '³',
                digit => char::from_u32('⁰' as u32 + digit as u32 - '0' as u32).unwrap_or(digit),
            };
            let power: String = other.to_string().chars().map(raised).collect();
            format!("10{power}")
        }
    }
}

/// Heights in rising order moved apart to at least `gap`, and back inside the range where they fit.
fn spread(heights: &[f64], gap: f64, top: f64, bottom: f64) -> Vec<f64> {
    let mut placed: Vec<f64> = heights.to_vec();
    for i in 1..placed.len() {
        placed[i] = placed[i].max(placed[i - 1] + gap);
    }
    let mut ceiling = bottom;
    for height in placed.iter_mut().rev() {
        *height = height.min(ceiling);
        ceiling = *height - gap;
    }
    // Too many for the range: they start at its top.
    let shift = (top - placed.first().copied().unwrap_or(top)).max(0.0);
    placed.into_iter().map(|height| height + shift).collect()
}

fn draw_grid(picture: &mut Picture, x: &Scale, y: &Scale, em: f64) -> Result<()> {
    let mut text = |at: Vec2, text: String| {
        picture.push(Shape::Text(Text {
            at,
            line: text,
            em,
            bold: false,
            paint: Color::SLATE.into(),
            halo: 0.0,
        }));
    };
    let mut lines = Vec::new();
    for (value, name) in y.ticks() {
        let height = y.pixel(value);
        lines.push((
            vec![[x.pixels.0, height], [x.pixels.1, height]],
            Color::GRID,
        ));
        let width = font::text_width(&name, em, false)?;
        text(
            [x.pixels.0 - 10.0 - width, height + CAPITAL * em / 2.0],
            name,
        );
    }
    let floor = y.pixels.0;
    for (value, name) in x.ticks() {
        let at = x.pixel(value);
        lines.push((vec![[at, floor], [at, floor + 5.0]], Color::RIM));
        let width = font::text_width(&name, em, false)?;
        text([at - width / 2.0, floor + 8.0 + CAPITAL * em + 2.0], name);
    }
    lines.push((vec![[x.pixels.0, floor], [x.pixels.1, floor]], Color::RIM));
    for (points, color) in lines {
        picture.push(Shape::Line {
            points,
            width: 1.0,
            paint: color.into(),
        });
    }
    Ok(())
}
